import { ConnectionError } from "../errors.ts";
import { eventSourceTransport, platformEventSource } from "./event-source.ts";
import { canStream, connectByFetch } from "./fetch.ts";
import { openedBy } from "./opened.ts";
import { polyfillTransport } from "./polyfill.ts";
import { resumeRequest } from "./resume.ts";
import type { SourceHandle, Transport } from "./transport.ts";

/**
 * How long (ms) fetch may take to answer where EventSource has opened before. Some pages replace
 * `fetch` by one that answers only with the whole body (Capacitor, session recorders).
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
  /** Sources whose fetch did not answer: it may not stream here. */
  const unanswered = new WeakSet<SourceHandle>();

  const connect: Transport = async (request, sink) => {
    const { source, heartbeatTimeout, connectTimeout } = request;
    const hasEventSource = platformEventSource() !== undefined;
    if (!canStream())
      return (hasEventSource ? eventSourceTransport() : polyfillTransport())(request, sink);

    // EventSource shows no comments, which may be the heartbeat, and sends no id by header.
    const mayOpen = !known.has(source) && !heartbeatTimeout && !resumeRequest(request, true).header;
    known.add(source);
    const failedWith = (error: unknown, reason: string): boolean =>
      error instanceof ConnectionError && error.reason === reason;

    if (hasEventSource && (mayOpen || unanswered.has(source))) {
      try {
        await eventSourceTransport()(request, sink);
      } catch (error) {
        // It was refused, and only fetch can learn why.
        if (failedWith(error, "rejected")) unanswered.delete(source);
        throw error;
      }
      return;
    }
    const isUnproven = hasEventSource && openedBy.get(source) === "EventSource";
    // Shorter than `connectTimeout`, which would end the attempt without telling us why.
    const patience = Math.min(FETCH_PATIENCE, 0.9 * connectTimeout || Infinity);
    try {
      await connectByFetch(request, sink, {}, isUnproven ? patience : 0);
    } catch (error) {
      if (failedWith(error, "timeout")) unanswered.add(source);
      throw error;
    }
  };
  return Object.assign(connect, { key: "auto" });
}
