import { ConnectionError } from "../errors.ts";
import { messageOf } from "../util/report.ts";
import type { Sink, Transport, TransportRequest } from "./transport.ts";

/**
 * Calls a transport. If it throws or returns no promise, the connection fails with reason
 * `unsupported`: it is a mistake that no retry mends, most likely a factory that was not called. A
 * minified bundle loses the names by which option-checks.ts knows the factories.
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
