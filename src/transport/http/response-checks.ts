import type { ConnectionErrorInit } from "../../errors.ts";
import { sleep } from "../../util/sleep.ts";
import type { BodyReader } from "./body.ts";
import { retryAfterOf } from "./headers.ts";
import { mimeTypeOf } from "./mime-type.ts";

/** Why a response is not the event stream that was asked for. */
export interface Refusal extends ConnectionErrorInit {
  readonly message: string;
}

/**
 * "If res's status is not 200, or if res's `Content-Type` is not `text/event-stream`, then fail the
 * connection." This holds for GET; servers answer other methods with 201, 202 or 206 as well.
 * retry.ts decides what a refusal leads to.
 *
 * @returns undefined for an event stream
 */
export function refusalOf(
  { type, status, headers, body }: Response,
  { method = "GET", redirect }: RequestInit,
): Refusal | undefined {
  if (type === "opaque")
    return { message: 'mode: "no-cors" hides the response', reason: "unsupported" };
  // Browsers hide a redirect that is not followed; Node shows it.
  const location =
    redirect === "manual" && status >= 300 && status < 400 && headers.get("Location");
  if (type === "opaqueredirect" || location) {
    const to = location ? ` to ${location}` : "";
    const message = `the server redirects${to}, but the option "redirect" forbids following it`;
    return { message, reason: "redirect", status: status || undefined, headers };
  }
  const isAccepted =
    status === 200 || (!/^get$/i.test(method) && status > 200 && status < 300 && body);
  const mimeType = mimeTypeOf(headers);
  if (isAccepted && mimeType === "text/event-stream") return undefined;

  const contentType = headers.get("Content-Type") ?? "";
  // Without TLS, Chromium accepts a truncated response head as complete: "HTTP/1.1 20" is then
  // status 20, and "Content-Type: text/ev" the type. No type at all counts as cut off, too.
  if (
    status < 100 ||
    (status === 200 && "text/event-stream".startsWith(contentType.toLowerCase()))
  ) {
    const message = "the head of the response is incomplete";
    return { message, reason: "network", status, headers };
  }
  if (isAccepted) {
    const message = `the response is ${contentType || "without a type"}, not text/event-stream`;
    return { message, reason: "content-type", status, headers };
  }
  const retryAfter = retryAfterOf(headers);
  return {
    message: `the server answered ${status}`,
    reason: "status",
    status,
    headers,
    retryAfter,
  };
}

/** The maximum number of characters kept of a refused response. */
const LONGEST_TEXT = 2 ** 16;
/** The maximum time (ms) to wait for the body of a refused response. */
const TEXT_TIMEOUT = 1000;

/**
 * The text of a refused response, as much of it as arrives in time; undefined for types that are
 * not text, JSON or XML.
 *
 * @param signal Ends the wait. The caller also aborts it when the connection has ended.
 */
export async function readRefusedText(
  reader: BodyReader,
  headers: Headers,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!/^text\/|[/+](json|xml)$/.test(mimeTypeOf(headers))) return undefined;
  const timeout = sleep(TEXT_TIMEOUT, signal);
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length < LONGEST_TEXT) {
      const result = await Promise.race([reader.read(), timeout]);
      if (!result || result.done) break;
      const { value } = result;
      text += typeof value === "string" ? value : decoder.decode(value, { stream: true });
    }
  } catch {
    // The body was cut off. The refusal stands, however incomplete its text is.
  }
  return text.slice(0, LONGEST_TEXT);
}
