import { ConnectionError } from "../../errors.ts";
import { parseRetryAfter } from "./headers.ts";

/**
 * "If res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail the connection."
 *
 * @throws ConnectionError that says what the answer was instead
 */
export function assertEventStream(status: number, headers: Headers): void {
  const type = headers.get("Content-Type") ?? "";
  if (status === 200 && /^\s*text\/event-stream\s*(;|$)/i.test(type)) return;
  // Without TLS, Chromium takes a head that was cut in two for a whole one: after "HTTP/1.1 20" the status is 20, after "Content-Type: text/ev" that
  // is the type. A server that really sends no type is asked again, too.
  if (status < 100 || (status === 200 && "text/event-stream".startsWith(type.toLowerCase()))) {
    throw new ConnectionError("the head of the answer is incomplete", {
      reason: "network",
      status,
      headers,
    });
  }
  if (status === 200)
    throw new ConnectionError(`the answer is ${type}, not text/event-stream`, {
      reason: "content-type",
      status,
      headers,
    });
  // A date is by the server's clock.
  const retryAfter = parseRetryAfter(
    headers.get("Retry-After"),
    Date.parse(headers.get("Date") ?? "") || Date.now(),
  );
  throw new ConnectionError(`the server answered ${status}`, {
    reason: "status",
    status,
    headers,
    retryAfter,
  });
}
