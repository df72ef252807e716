/**
 * How a reconnect tells the server the last event id: in the `Last-Event-ID` header, in the query of the URL, or in a URL that a function makes. The
 * function is called for each attempt that has an id to tell, perhaps twice, with a copy of the URL that it may change; if it throws, that attempt has
 * failed with reason `network`.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
 */
export type Resume = "header" | ResumeByQuery | ((url: URL, lastEventId: string) => URL);

/** The last event id as a query parameter. An older copy of the parameter is replaced. */
export interface ResumeByQuery {
  /** The parameter's name, or several where servers disagree about it: Mercure wants `last_event_id` or `lastEventID`. */
  readonly query: string | readonly string[];
}

/** What to request, and which id is left for the `Last-Event-ID` header ("" when the URL carries it, or there is none). */
export interface ResumedRequest {
  readonly url: string;
  readonly header: string;
}

const inQuery: Resume = { query: "lastEventId" };

/** Whether a request to `url` stays within the page's origin. Outside of pages and workers nothing is cross-origin. */
function isSameOrigin(url: string): boolean {
  const { origin } = globalThis as { origin?: string };
  return origin === undefined || new URL(url).origin === origin;
}

/**
 * Puts the last event id where `resume` wants it. By default the header within an origin; across origins the URL, since that header would cost
 * a CORS preflight. A transport that cannot send headers always uses the URL.
 */
export function resumeRequest(
  {
    url,
    lastEventId,
    resume = isSameOrigin(url) ? "header" : inQuery,
  }: { url: string; lastEventId: string; resume: Resume | undefined },
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

/** Replaces every older copy of a parameter and leaves the bytes of all the others alone: a signed URL stays valid. */
function setParameter(url: URL, name: string, value: string): void {
  const others = url.search
    .slice(1)
    .split("&")
    .filter((pair) => pair && !new URLSearchParams(pair).has(name));
  // "+" for a space is a convention of forms; "%20" is understood by everybody.
  others.push(new URLSearchParams([[name, value]]).toString().replace(/\+/g, "%20"));
  url.search = others.join("&");
}
