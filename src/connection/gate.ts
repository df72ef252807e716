/**
 * Why no connection is made: the device is offline, the page is frozen or cached, or it has been
 * hidden for too long.
 */
export type PauseReason = "offline" | "frozen" | "hidden";

/**
 * The signals of a gate:
 *
 * - `changed`: `blocked` or `isOffline` has another value than before
 * - `returned`: the page became visible or the device came online, so that waiting makes less sense
 * - `suspect`: the network changed, so that an open connection may be dead without an event
 * - `suspended`: no timer ran for some time, in which an open connection may have died likewise
 * - `tick`: every few seconds, as long as timers run
 */
export type GateSignal = "changed" | "returned" | "suspect" | "suspended" | "tick";

/** Answers "may I connect now?". */
export interface Gate {
  /** Why no connection may be made or kept now; undefined if one may. */
  readonly blocked: Exclude<PauseReason, "offline"> | undefined;
  /**
   * True if the device is said to be offline. This is a hint, since the server may be reachable
   * all the same: attempts become slow and failures quiet, but nothing is blocked.
   */
  readonly isOffline: boolean;
  /** Calls `listener` with every signal until the returned function is called. */
  watch(listener: (signal: GateSignal) => void): () => void;
  /**
   * Grace period before an error is reported, in milliseconds: browsers cut connections shortly
   * before `pagehide`, and only then does `blocked` say that the page is being left.
   */
  readonly errorGracePeriod: number;
}

/** The gate where there is no page (workers, Node): always open. */
export const alwaysOpenGate: Gate = {
  blocked: undefined,
  isOffline: false,
  watch: () => () => undefined,
  errorGracePeriod: 0,
};
