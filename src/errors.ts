/**
 * How a connection ended, or why none came about:
 *
 * - `network`: the server was not reached, or the connection was cut
 * - `ended`: the server closed the event stream
 * - `timeout`: `connectTimeout` or `heartbeatTimeout` ran out
 * - `rejected`: EventSource gave up without saying why
 * - `status`: the server answered with another status than 200
 * - `content-type`: the answer is not `text/event-stream`
 * - `unsupported`: this stream cannot be read here: there is nothing to read it with, or one of its events is too long
 */
export type ConnectionErrorReason =
  "network" | "ended" | "timeout" | "rejected" | "status" | "content-type" | "unsupported";

/** What a {@link ConnectionError} is made of, beside its message. */
export interface ConnectionErrorInit {
  /** The kind of end. */
  reason: ConnectionErrorReason;
  /** The HTTP status. Default undefined: not seen. */
  status?: number | undefined;
  /** The response's headers. Default undefined: not seen. */
  headers?: Headers | undefined;
  /** A floor for the next wait, in milliseconds; the jittered delay comes on top of it. Default undefined: none. */
  retryAfter?: number | undefined;
  /** The next wait itself, in milliseconds, in place of our own delay. Default undefined: our own delay. */
  retryIn?: number | undefined;
  /** What was thrown underneath. */
  cause?: unknown;
}

/** Why a connection ended. Found in `error` events, in `state`, and given to `backoff.retry`. */
export class ConnectionError extends Error {
  /** Always "ConnectionError". */
  override readonly name = "ConnectionError";
  /** Copies of the package, as ES module and CommonJS side by side or from a script tag, recognise each other's errors. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return (
      typeof value === "object" &&
      value !== null &&
      (value as { name?: unknown }).name === "ConnectionError"
    );
  }
  /** The kind of end: what the retry table is keyed by. */
  declare readonly reason: ConnectionErrorReason;
  /** The HTTP status; undefined where the transport cannot see it (a native EventSource never can). */
  declare readonly status: number | undefined;
  /** The response's headers; undefined where the transport cannot see them. */
  declare readonly headers: Headers | undefined;
  /**
   * What the server's Retry-After asked for, in milliseconds from the answer; undefined without one.
   *
   * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
   */
  declare readonly retryAfter: number | undefined;
  /** Where another tab holds the shared connection: when that one asks again, in milliseconds from the error. It replaces our own delay. */
  declare readonly retryIn: number | undefined;
  /** What was thrown underneath, if anything was. */
  declare readonly cause: unknown;

  constructor(message: string, init: ConnectionErrorInit) {
    super(message);
    Object.assign(this, init);
  }
}
