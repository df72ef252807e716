import { ConnectionError } from "../errors.ts";
import { messageOf } from "../util/message-of.ts";
import type { Sink, Transport, TransportRequest } from "./transport.ts";

/**
 * Calls a transport. A transport that throws, or returns no promise, is a programming error that a
 * retry cannot fix, so the connection fails with reason `unsupported`. The usual cause is a factory
 * that was passed without being called. option-checks.ts recognizes factories by name, but a
 * minified bundle changes those names.
 */
export function callTransport(
  transport: Transport,
  request: TransportRequest,
  sink: Sink,
): Promise<void> {
  let fault = "gave no promise";
  let cause;
  try {
    const ended = transport(request, sink) as Promise<void> | undefined;
    if (typeof ended?.then === "function") return ended;
  } catch (thrown) {
    fault = `threw: ${messageOf(thrown)}`;
    cause = thrown;
  }
  const message = `transport ${fault} (call a factory, as in fetchTransport({ … }))`;
  return Promise.reject(new ConnectionError(message, { reason: "unsupported", cause }));
}
