import type { ConnectionError } from "../errors.ts";
import type { BackoffSettings } from "../options.ts";
import { floorOf, isJittered, toDelay, type ServerPace } from "./backoff.ts";
import type { PausedState } from "./state.ts";

// The effects of being offline. page-gate.ts detects it, and decides what coming back does.
//
// The browser's word is only a hint (see `isOffline` in gate.ts), so an open connection is kept,
// and a source without one keeps trying. Attempts that reach no server are repeated at the
// slowest pace, and neither counted nor reported (`isQuiet` in record.ts). The loss of an open
// connection, or an answer from a server, counts as usual. While a source waits, its state is
// "paused", and it stays so during attempts if the previous one reached no server.

/** Milliseconds to wait while the device is said to be offline: the slowest pace. */
export function delayOffline(backoff: BackoffSettings, pace: ServerPace): number {
  const share = isJittered(backoff) ? (1 + Math.random()) / 2 : 1;
  return toDelay(Math.max(floorOf(pace), share * backoff.maxDelay));
}

/** Returns true if an attempt that failed with `error` reached no server. */
export function reachedNoServer({ reason }: ConnectionError): boolean {
  return reason === "network" || reason === "timeout" || reason === "rejected";
}

/** The state of a source that waits offline until `retryAt`, in milliseconds since the epoch. */
export function pausedOffline(retryAt: number): PausedState {
  return { status: "paused", reason: "offline", retryAt };
}
