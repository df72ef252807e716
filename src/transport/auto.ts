import { eventSourceTransport, platformEventSource } from "./event-source.ts";
import { canStream, fetchTransport } from "./fetch.ts";
import { polyfillTransport } from "./polyfill.ts";
import { resumeRequest } from "./resume.ts";
import type { Transport } from "./transport.ts";

/**
 * The default: EventSource opens, fetch recovers. Recovering needs what EventSource hides: sending Last-Event-ID, the status, Retry-After, `retry` and
 * comments. Where one of them is missing it is what there is; where both are, the polyfill.
 */
export function autoTransport(): Transport {
  /** Those whose first connection there was. */
  const opened = new WeakSet();
  const connect: Transport = (request, sink) => {
    // An id to start from that has to go into the header is nothing for EventSource either.
    const opening = !opened.has(request.source) && !resumeRequest(request, true).header;
    opened.add(request.source);
    const native = platformEventSource() !== undefined;
    const transport =
      native && (opening || !canStream())
        ? eventSourceTransport()
        : canStream()
          ? fetchTransport()
          : polyfillTransport();
    return transport(request, sink);
  };
  return Object.assign(connect, { key: "auto" });
}
