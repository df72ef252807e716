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

/** Where the last event id goes. */
export interface ResumedRequest {
  readonly url: string;
  /** The value of the `Last-Event-ID` header; "" if the URL carries the id, or there is none. */
  readonly header: string;
}

const inQuery: Resume = { query: "lastEventId" };

/** Whether this is the page's origin. Outside of pages and workers nothing is cross-origin. */
export function isSameOrigin(origin: string): boolean {
  const own = (globalThis as { origin?: string }).origin;
  return own === undefined || own === origin;
}

/**
 * Puts the last event id where `resume` wants it. By default that is the header within an origin
 * and the URL across origins, where the header would cost a CORS preflight. The origin is that of
 * the final URL, if events have come from there: a redirect to another origin makes the header
 * cost a preflight, too. A transport that cannot send headers always uses the URL.
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
  if (!lastEventId) return { url, header: "" };
  const where = resume === "header" && !canSendHeader ? inQuery : resume;
  if (where === "header") return { url, header: lastEventId };
  const target = new URL(url);
  if (typeof where === "function") return { url: String(where(target, lastEventId)), header: "" };
  for (const name of typeof where.query === "string" ? [where.query] : where.query)
    setParameter(target, name, lastEventId);
  return { url: target.href, header: "" };
}

/** Replaces older copies of a parameter. The bytes of all others stay: a signed URL remains valid. */
function setParameter(url: URL, name: string, value: string): void {
  const others = url.search
    .slice(1)
    .split("&")
    .filter((pair) => pair && !new URLSearchParams(pair).has(name));
  // "+" for a space is a convention of forms; every server understands "%20".
  others.push(new URLSearchParams([[name, value]]).toString().replace(/\+/g, "%20"));
  url.search = others.join("&");
}
