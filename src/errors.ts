import { rootMessageOf } from "./util/message-of.ts";

/**
 * How a connection ended, or why it was not made:
 *
 * - `network`: the server was not reached, or the connection was cut
 * - `ended`: the server closed the event stream
 * - `timeout`: `connectTimeout` or `heartbeatTimeout` ran out
 * - `rejected`: EventSource gave up without saying why
 * - `status`: the server answered with a status that refuses the stream
 * - `content-type`: the answer is not `text/event-stream`
 * - `redirect`: the server redirects, and `redirect: "manual"` (or `"error"`) does not follow
 * - `unsupported`: this request or stream can never work here: nothing can read it, the request
 *   cannot be built, or an event is too long
 */
export type ConnectionErrorReason =
  | "network"
  | "ended"
  | "timeout"
  | "rejected"
  | "status"
  | "content-type"
  | "redirect"
  | "unsupported";

/** The members of a {@link ConnectionError}, except for its message. */
export interface ConnectionErrorInit {
  /** The kind of end. */
  reason: ConnectionErrorReason;
  /** The HTTP status. Default undefined: not seen. */
  status?: number | undefined;
  /** The response's headers. Default undefined: not seen. */
  headers?: Headers | undefined;
  /** The text of the answer. Default undefined: not seen. */
  body?: string | undefined;
  /**
   * The shortest next wait, in milliseconds; the jittered delay is added to it. Default undefined:
   * there is no such floor.
   */
  retryAfter?: number | undefined;
  /**
   * The wait decided by another tab, in milliseconds, in place of this source's own decision and
   * delay; Infinity: that tab gave up. Default undefined: this source decides.
   */
  retryIn?: number | undefined;
  /** True for a normal end. Default false. */
  expected?: boolean | undefined;
  /** False if the request must not be sent again. Default true. */
  repeatable?: boolean | undefined;
  /** The error that caused this one. Default undefined. */
  cause?: unknown;
}

/** Why a connection ended: in `error` events, in `state`, and given to `backoff.retry`. */
export class ConnectionError extends Error {
  /** Always "ConnectionError". */
  override readonly name = "ConnectionError";
  /**
   * `instanceof` accepts errors of other copies of the package: ES module and CommonJS side by
   * side, or a script tag.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return (
      typeof value === "object" &&
      value !== null &&
      (value as { name?: unknown }).name === "ConnectionError"
    );
  }
  /** The kind of end: the key of the retry table. */
  declare readonly reason: ConnectionErrorReason;
  /** The HTTP status; undefined where the transport cannot see it, as with a native EventSource. */
  declare readonly status: number | undefined;
  /** The response's headers; undefined where the transport cannot see them. */
  declare readonly headers: Headers | undefined;
  /**
   * The body of a refusal, if its Content-Type is text, JSON or XML: at most 65,536 characters,
   * decoded as UTF-8, of what arrived within one second. Undefined for other types, over
   * EventSource, and where another tab made the request. Not enumerable, so that loggers do not
   * copy it.
   */
  declare readonly body: string | undefined;
  /**
   * The wait that the server's Retry-After asked for, in milliseconds from the answer; undefined
   * without one. A date counts only if the answer's own `Date` can be read.
   *
   * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
   */
  declare readonly retryAfter: number | undefined;
  /**
   * If another tab has the shared connection: the milliseconds from the error until that tab
   * reconnects, Infinity if it gave up. Its decision replaces `backoff`. Otherwise undefined.
   */
  declare readonly retryIn: number | undefined;
  /**
   * True for a normal end: the server answered 204, or ended the answer to a request that is not
   * sent again. The source is then closed without an error in its state.
   */
  declare readonly expected: boolean | undefined;
  /**
   * False if the request was sent and its method is not safe (as GET, HEAD, OPTIONS and QUERY are),
   * so that it must not be sent again on its own. Otherwise undefined.
   */
  declare readonly repeatable: boolean | undefined;
  /** The error that caused this one, if there is one. */
  declare readonly cause: unknown;

  constructor(message: string, { body, ...init }: ConnectionErrorInit) {
    super(message);
    Object.assign(this, init);
    Object.defineProperty(this, "body", { value: body });
  }
}

/** Returns true if the server has said all it has to say: a normal end, not a failure. */
export function isNormalEnd({ status, reason }: ConnectionError, isUnrepeatable: boolean): boolean {
  // 204 is the standard's way for a server to say stop.
  return status === 204 || (isUnrepeatable && reason === "ended");
}

/** Returns an error with a cause; the cause itself if it is a ConnectionError. */
export function failure(
  reason: ConnectionErrorReason,
  what: string,
  cause: unknown,
): ConnectionError {
  if (cause instanceof ConnectionError) return cause;
  return new ConnectionError(`${what}: ${rootMessageOf(cause)}`, { reason, cause });
}
