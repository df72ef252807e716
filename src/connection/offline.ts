import type { ConnectionError } from "../errors.ts";
import type { BackoffSettings } from "../options.ts";
import { floorOf, isJittered, toDelay, type ServerPace } from "./backoff.ts";
import type { PausedState } from "./state.ts";

// The effects of being offline, which page-gate.ts detects. The browser's word is only a hint (see
// `isOffline` in gate.ts), so a source keeps trying. It does so at the slowest pace, its failures
// are neither counted nor reported (`isQuiet` in record.ts), and its state is "paused" until a
// connection opens or the device is online again.

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
