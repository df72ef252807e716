import type { ConnectionError } from "../errors.ts";
import { eventSourceTransport } from "./event-source.ts";
import { connectByFetch } from "./fetch.ts";
import { canStream } from "./http/request.ts";
import { openedBy } from "./opened.ts";
import { platformEventSource } from "./platform-event-source.ts";
import { polyfillTransport } from "./polyfill.ts";
import { resumeRequest } from "./resume.ts";
import type { SourceHandle, Transport } from "./transport.ts";

/**
 * How long (ms) fetch may take to answer where EventSource has opened before. Some pages replace
 * `fetch` with one that answers only with the whole body (Capacitor, session recorders).
 */
const FETCH_PATIENCE = 20_000;

/**
 * The default transport: EventSource opens, fetch recovers. Recovering needs what EventSource
 * hides: the Last-Event-ID header, the status, Retry-After, `retry` and comments. Fetch also opens
 * where the request needs one of these from the start. If one of the two is missing, the other one
 * does everything; if both are missing, the polyfill does.
 */
export function autoTransport(): Transport {
  /** Sources that have had their first connection. */
  const known = new WeakSet<SourceHandle>();
  /** Sources whose fetch did not answer: it may be unable to stream here. */
  const unanswered = new WeakSet<SourceHandle>();

  const connect: Transport = async (request, sink) => {
    const { source, heartbeatTimeout, connectTimeout } = request;
    const hasEventSource = platformEventSource() !== undefined;
    if (!canStream())
      return (hasEventSource ? eventSourceTransport() : polyfillTransport())(request, sink);

    // EventSource shows no comments, which may be the heartbeat, and sends no id by header.
    // EventSource does not report an unsupported URL scheme; fetch does at once.
    const mayOpen =
      !known.has(source) &&
      !heartbeatTimeout &&
      /^https?:/.test(request.url) &&
      !resumeRequest(request, true).header;
    known.add(source);
    const isFetchUnproven = hasEventSource && openedBy.get(source) === "EventSource";
    // Shorter than `connectTimeout`, which would end the attempt without telling us why.
    const patience = Math.min(FETCH_PATIENCE, 0.9 * connectTimeout || Infinity);
    const byEventSource = hasEventSource && (mayOpen || unanswered.has(source));
    const connected = byEventSource
      ? eventSourceTransport()(request, sink)
      : connectByFetch(request, sink, {}, isFetchUnproven ? patience : 0);
    // Not awaited: this function would stay in memory for as long as the connection lasts.
    return connected.catch((error: unknown) => {
      const reason = (error as ConnectionError | undefined)?.reason;
      // The page replaced EventSource with a wrapper around this library, and no native class is
      // left.
      if (byEventSource && reason === "unsupported") return connect(request, sink);
      if (reason === "timeout") unanswered.add(source);
      // EventSource was refused, and only fetch can learn why.
      if (reason === "rejected") unanswered.delete(source);
      throw error;
    });
  };
  return Object.assign(connect, { key: "auto" });
}
