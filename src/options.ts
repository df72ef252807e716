import type { RetryPolicy } from "./connection/retry.ts";
import type { Resume } from "./transport/resume.ts";
import type { Transport } from "./transport/transport.ts";

/**
 * The wait before each retry: `min(startingDelay × timeMultiple^(attempt - 1), maxDelay)`, then
 * jitter; never sooner than the server's `retry` and Retry-After ask for, with the jittered delay
 * on top of the larger one. Names, meaning and arithmetic are those of the exponential-backoff
 * package; the defaults differ.
 */
export interface BackoffOptions {
  /**
   * The delay before the first retry, in milliseconds, before jitter. Default 3000, as in browsers.
   * 0: every wait is the minimum of 100 ms, or the time that the server asks for. If the server's
   * `retry` is larger, it replaces `startingDelay`.
   */
  startingDelay?: number | undefined;
  /** The factor from one delay to the next, at least 1. Default 2. 1: all delays are equal. */
  timeMultiple?: number | undefined;
  /**
   * The longest delay, in milliseconds, before jitter. Default 30000. 0: every wait is the minimum
   * of 100 ms. At most 2^31-1, so not Infinity.
   */
  maxDelay?: number | undefined;
  /**
   * `"full"` draws each wait uniformly between 0 and the delay, so that clients spread out;
   * `"none"` waits for exactly the delay. Default `"full"`.
   */
  jitter?: "full" | "none" | undefined;
  /**
   * The number of connections in a row that may fail (or end before `minUptime`) before the source
   * gives up; at least 1. Default Infinity: it never gives up. 1: it never retries.
   */
  numOfAttempts?: number | undefined;
  /**
   * Wait before the very first connection, too: for a page that a million people open at once. As
   * in exponential-backoff, this multiplies every later delay by `timeMultiple` once more. Default
   * false.
   */
  delayFirstAttempt?: boolean | undefined;
  /**
   * Replaces the retry table: called after each failed connection with its error and the number of
   * the retry that would come (from 1). It returns a boolean or the wait in milliseconds, or a
   * promise of one of them, if a token has to be refreshed, say; `reconnect()` does not wait for
   * it. A number is waited exactly, without jitter and even if the server asked for more, but at
   * least 100 and at most 2^31-1; it counts toward `numOfAttempts`. If the function throws or
   * answers NaN, that is reported and the table decides. It is not asked after a connection that
   * named a `retry` and ended cleanly. Default undefined: the table.
   */
  retry?: RetryPolicy | undefined;
}

/**
 * The options of a ResilientEventSource, except `events`. `undefined` always means the default.
 * Milliseconds are numbers from 0 to 2^31-1 (24.8 days), the longest time that a timer can wait, so
 * Infinity is refused; 0 turns a limit off. A bad value throws a RangeError (a number out of range)
 * or a TypeError, which names the option and the value.
 */
export interface ResilientEventSourceOptions {
  /**
   * Send credentials across origins, as in EventSourceInit. Default false. `credentials` given to
   * `fetchTransport` take precedence.
   */
  withCredentials?: boolean | undefined;
  /**
   * The waits between attempts and their number. Default: the defaults of {@link BackoffOptions}.
   */
  backoff?: BackoffOptions | undefined;
  /**
   * A connection that was open for this time, in milliseconds from its opening, sets the attempt
   * counter back to 0. Default 5000. 0: every connection that opened does (a server that accepts
   * and closes at once is then asked again after `startingDelay`, without end).
   */
  minUptime?: number | undefined;
  /**
   * The id to resume after on the first connection, for example from an earlier page load; without
   * NUL, CR and LF, as in an event stream. Default "": the server decides where to start. An id of
   * more than 8,000 bytes or with a control character is not sent, since no request can carry it.
   */
  lastEventId?: string | undefined;
  /**
   * How a reconnect sends the last event ID: `"header"` (Last-Event-ID), `{ query: name or names
   * }`, or a function that returns the URL. Default: `"header"` within the page's origin, `{ query:
   * "lastEventId" }` across origins, where the header would need a preflight. The origin is that of
   * the final URL, after redirects, as soon as an id has come from there. A transport that cannot
   * send headers uses the query instead of `"header"`.
   */
  resume?: Resume | undefined;
  /**
   * The longest time from the request to `open`, in milliseconds; then the attempt fails with
   * reason `timeout`. Default 0: no limit. Firefox and Safari open an EventSource at the first byte
   * of the body, so the server should send one at once.
   */
  connectTimeout?: number | undefined;
  /**
   * Milliseconds without any byte (over EventSource: without an event that it can see) after which
   * the connection is replaced, with reason `timeout`; detected up to a quarter later. With it the
   * default transport uses fetch from the start, since EventSource hides comments. Time in which
   * the page is frozen or its timers are throttled does not count. Default 0: off.
   */
  heartbeatTimeout?: number | undefined;
  /**
   * Remember this many of the latest event ids, and drop events whose id an earlier connection
   * delivered already. Default 0: off.
   */
  dedupe?: number | undefined;
  /**
   * Disconnect a page that has been hidden for this time, in milliseconds, and resume when it is
   * shown again. true means 60,000. Default false, which is the same as 0: hidden pages stay
   * connected.
   */
  pauseWhenHidden?: number | boolean | undefined;
  /**
   * How to connect. Default: EventSource for the first connection and fetch for all later ones; if
   * one of them is missing, the other one.
   */
  transport?: Transport | undefined;
  /**
   * Aborting it closes the source, as `close()` does. If it is aborted already, the source never
   * connects. Default none.
   */
  signal?: AbortSignal | undefined;
}

/** {@link BackoffOptions} with every default filled in. */
export type BackoffSettings = {
  [K in Exclude<keyof BackoffOptions, "retry">]-?: Exclude<BackoffOptions[K], undefined>;
} & Pick<BackoffOptions, "retry">;

/** The options as the parts of the library get them: checked, with every default filled in. */
export interface Settings {
  readonly withCredentials: boolean;
  readonly backoff: BackoffSettings;
  readonly minUptime: number;
  readonly lastEventId: string;
  readonly resume: Resume | undefined;
  readonly connectTimeout: number;
  readonly heartbeatTimeout: number;
  readonly dedupe: number;
  /** In milliseconds; 0 means never. */
  readonly pauseWhenHidden: number;
  readonly transport: Transport | undefined;
  readonly signal: AbortSignal | undefined;
  readonly events: Readonly<Record<string, unknown>> | undefined;
}

/** All defaults. */
export const defaults = {
  withCredentials: false,
  backoff: {
    startingDelay: 3000,
    timeMultiple: 2,
    maxDelay: 30_000,
    jitter: "full",
    numOfAttempts: Infinity,
    delayFirstAttempt: false,
  },
  minUptime: 5000,
  lastEventId: "",
  connectTimeout: 0,
  heartbeatTimeout: 0,
  dedupe: 0,
  pauseWhenHidden: false,
} as const satisfies ResilientEventSourceOptions;
