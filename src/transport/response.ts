import { ConnectionError } from "../errors.ts";
import { parseRetryAfter } from "./headers.ts";

/**
 * "If res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail the connection."
 *
 * @throws ConnectionError that says what the answer was instead
 */
export function assertEventStream(status: number, headers: Headers): void {
  const type = headers.get("Content-Type");
  if (status !== 200) {
    const retryAfter = parseRetryAfter(headers.get("Retry-After"), Date.now());
    throw new ConnectionError(`the server answered ${status}`, { reason: "status", status, headers, retryAfter });
  }
  // Chromium shows a head that was cut in two like that; a server that really sends no type is asked again.
  if (!type) throw new ConnectionError("the answer has no Content-Type", { reason: "network", status, headers });
  if (!/^\s*text\/event-stream\s*(;|$)/i.test(type)) {
    throw new ConnectionError(`the answer is ${type}, not text/event-stream`, { reason: "content-type", status, headers });
  }
}
