import { Delay } from "exponential-backoff/dist/delay/delay.base.js";
import type { BackoffSettings } from "../options.ts";
import { LONGEST_DELAY } from "../util/sleep.ts";

/** The shortest wait before any attempt but the first: nobody's zero may become a hot loop. */
const SHORTEST_DELAY = 100;

const clamp = (ms: number, min: number, max: number): number =>
  ms > min ? Math.min(ms, max) : min;

/** exponential-backoff's arithmetic (grow, cap, then jitter) without its timer, which can be neither shown nor cancelled. */
class Arithmetic extends Delay {
  /** Milliseconds before an attempt when `delayed` attempts were delayed before it. */
  after(delayed: number): number {
    this.setAttemptNumber(delayed);
    return this["jitteredDelay"] as number;
  }
}

/** What the server asked for, in milliseconds. */
export interface ServerWishes {
  /** The `retry` field, the stream's reconnection time: stands in for `startingDelay`, within [100 ms, maxDelay]. */
  reconnectionTime?: number | undefined;
  /** Retry-After: a floor for this wait, with the jittered delay on top, so that not all clients return in the same moment. */
  retryAfter?: number | undefined;
}

/** Milliseconds to wait before attempt number `attempt` (1: the first retry), within [100, 2^31-1]. */
export function delayBefore(
  attempt: number,
  backoff: BackoffSettings,
  { reconnectionTime, retryAfter = 0 }: ServerWishes = {},
): number {
  const startingDelay =
    reconnectionTime === undefined
      ? backoff.startingDelay
      : clamp(reconnectionTime, SHORTEST_DELAY, Math.max(backoff.maxDelay, SHORTEST_DELAY));
  const arithmetic = new Arithmetic({ ...backoff, startingDelay } as ConstructorParameters<
    typeof Delay
  >[0]);
  // After a thousand failures 0 × Infinity, which is NaN, would undo the floor.
  const delay = arithmetic.after(backoff.delayFirstAttempt ? attempt : attempt - 1) || 0;
  // Rounded up, since setTimeout cuts fractions off and would come too early.
  return clamp(
    Math.ceil(backoff.jitter === "full" ? retryAfter + delay : Math.max(retryAfter, delay)),
    SHORTEST_DELAY,
    LONGEST_DELAY,
  );
}
