import { toByteString } from "./http/headers.ts";

/**
 * How a reconnect tells the server the last event id: in the `Last-Event-ID` header, in the query
 * of the URL, or in a URL that a function returns. The function is called on each attempt that has
 * an id, perhaps several times, with a copy of the URL that it may change. If it throws, that
 * attempt fails with reason `network`.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
 */
export type Resume = "header" | ResumeByQuery | ((url: URL, lastEventId: string) => URL);

/** The last event id as a query parameter. An older copy of the parameter is replaced. */
export interface ResumeByQuery {
  /**
   * The parameter's name, or several where servers disagree about it: Mercure wants `last_event_id`
   * or `lastEventID`.
   */
  readonly query: string | readonly string[];
}

/** The part of a request that says where the last event id goes. */
interface ResumableRequest {
  readonly url: string;
  readonly origin: string;
  readonly lastEventId: string;
  readonly resume: Resume | undefined;
}

/** A request, and the place of the last event id in it. */
export interface ResumedRequest {
  readonly url: string;
  /**
   * The value of the `Last-Event-ID` header, as bytes; "" if the URL carries the id, or there is
   * none.
   */
  readonly header: string;
}

/** The most bytes of an id. Servers and proxies refuse requests with lines of more than 8 KiB. */
const LONGEST_ID = 8000;

let hasWarned = false;

/**
 * Returns true if a request can carry this id, in a header or in the URL: it has at most 8,000
 * bytes, and no control character but the tab, since HTTP forbids them in headers. The first
 * refused id is reported with a warning. On the path of every event, so it is written for speed:
 * see parser.ts.
 */
export function isSendable(id: string): boolean {
  for (let at = 0; at < id.length; at++) {
    const code = id.charCodeAt(at);
    if (at >= LONGEST_ID || (code < 32 ? code !== 9 : code === 127)) return refuse();
  }
  // A character has at most three bytes.
  return id.length * 3 <= LONGEST_ID || toByteString(id).length <= LONGEST_ID || refuse();
}

function refuse(): false {
  if (!hasWarned)
    console.warn(
      "resilient-eventsource: ignored a last event ID that no request can carry, since it has " +
        "more than 8000 bytes or a control character",
    );
  hasWarned = true;
  return false;
}

const inQuery: Resume = { query: "lastEventId" };

/** Returns true for the page's origin. Outside of pages and workers nothing is cross-origin. */
export function isSameOrigin(origin: string): boolean {
  const own = (globalThis as { origin?: string }).origin;
  return own === undefined || own === origin;
}

/**
 * Puts the last event id where `resume` wants it. By default that is the header within an origin
 * and the URL across origins, where the header would cost a CORS preflight. The origin of the final
 * URL counts, once events have come from it: a redirect to another origin makes the header cost a
 * preflight, too. A transport that cannot send headers always uses the URL.
 */
export function resumeRequest(
  {
    url,
    origin,
    lastEventId,
    resume = isSameOrigin(origin || new URL(url).origin) ? "header" : inQuery,
  }: ResumableRequest,
  canSendHeader: boolean,
): ResumedRequest {
  if (!lastEventId || !isSendable(lastEventId)) return { url, header: "" };
  const where = resume === "header" && !canSendHeader ? inQuery : resume;
  if (where === "header") return { url, header: toByteString(lastEventId) };
  const target = new URL(url);
  if (typeof where === "function") return { url: String(where(target, lastEventId)), header: "" };
  for (const name of typeof where.query === "string" ? [where.query] : where.query)
    setParameter(target, name, lastEventId);
  return { url: target.href, header: "" };
}

/** Replaces older copies of a parameter. The bytes of all others stay: a signed URL stays valid. */
function setParameter(url: URL, name: string, value: string): void {
  const others = url.search
    .slice(1)
    .split("&")
    .filter((pair) => pair && !new URLSearchParams(pair).has(name));
  // "+" for a space is a convention of forms; every server understands "%20".
  others.push(new URLSearchParams([[name, value]]).toString().replace(/\+/g, "%20"));
  url.search = others.join("&");
}
