import { Delay } from "exponential-backoff/dist/delay/delay.base.js";
import type { BackoffSettings } from "../options.ts";
import { LONGEST_DELAY } from "../util/sleep.ts";

// The lengths of the waits between attempts. Their formula and defaults are in options.ts.
// loop.ts chooses among them and waits; offline.ts has the one for a device that is offline, and
// wait-limits.ts says how a wait may be shortened.

/** The shortest wait before any attempt but the first, so that no 0 becomes a hot loop. */
const SHORTEST_DELAY = 100;
/** The shortest wait between two connections of a server that ends each of them. */
const SHORTEST_POLL = 500;

type PackageOptions = ConstructorParameters<typeof Delay>[0];

/**
 * Only the arithmetic of exponential-backoff: grow, cap, then jitter. Its timer cannot be
 * cancelled, and does not tell when it ends, which the state has to say.
 */
class Arithmetic extends Delay {
  /** Milliseconds before an attempt, if `delayed` attempts before it were delayed. */
  after(delayed: number): number {
    this.setAttemptNumber(delayed);
    return this["jitteredDelay"] as number;
  }
}

/** The times that the server asked for, in milliseconds. */
export interface ServerPace {
  /** The `retry` field: the stream's reconnection time. */
  readonly reconnectionTime?: number | undefined;
  /** Retry-After of the latest answer. */
  readonly retryAfter?: number | undefined;
}

/** Returns true if chance spreads the waits. A jitter that is missing here is a type error. */
export function isJittered({ jitter }: BackoffSettings): boolean {
  switch (jitter) {
    case "full":
      return true;
    case "none":
      return false;
  }
}

/** A wait as a timer can hold it: from 100 ms to 2^31-1 ms, and a whole number. */
export function toDelay(ms: number): number {
  // NaN becomes SHORTEST_DELAY, too: every comparison with NaN is false. Rounded up, since
  // setTimeout cuts fractions off and would fire too early.
  return ms > SHORTEST_DELAY ? Math.ceil(Math.min(ms, LONGEST_DELAY)) : SHORTEST_DELAY;
}

/** The shortest wait that the server allows, in milliseconds. */
export function floorOf({ reconnectionTime = 0, retryAfter = 0 }: ServerPace): number {
  return Math.max(reconnectionTime || 0, retryAfter || 0);
}

/**
 * Milliseconds to wait before attempt number `attempt` (1: the first retry): never less than the
 * server asked for, with a jittered delay on top, so that clients spread out.
 *
 * "Wait a delay equal to the reconnection time of the event source. Optionally, wait some more."
 */
export function delayBefore(
  attempt: number,
  backoff: BackoffSettings,
  pace: ServerPace = {},
): number {
  const startingDelay = Math.max(backoff.startingDelay, pace.reconnectionTime || 0);
  // A jitter that the package does not know is a type error here: it would wait without any.
  const options: Omit<PackageOptions, "retry"> = { ...backoff, startingDelay };
  const arithmetic = new Arithmetic(options as PackageOptions);
  // After a thousand failures 0 × Infinity, which is NaN, would undo the floor.
  const grown = arithmetic.after(backoff.delayFirstAttempt ? attempt : attempt - 1) || 0;
  const floor = floorOf(pace);
  return toDelay(isJittered(backoff) ? floor + grown : Math.max(floor, grown));
}

/**
 * Milliseconds to wait after a server ended the stream and named a `retry`. Such a server makes its
 * clients poll; nothing failed, so the wait does not grow. The jitter adds at most half of `retry`:
 * the conformance tests of MCP call twice the time "very late".
 */
export function delayOfPolling(reconnectionTime: number, backoff: BackoffSettings): number {
  const spread = isJittered(backoff) ? (Math.random() * reconnectionTime) / 2 : 0;
  return toDelay(Math.max(SHORTEST_POLL, reconnectionTime + spread));
}
