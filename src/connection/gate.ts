/** Why no connection may be made: the device is offline, the page is frozen or cached, or it has been hidden too long. */
export type PauseReason = "offline" | "frozen" | "hidden";

/**
 * What a gate signals:
 *
 * - `changed`: `blocked` has another value than before
 * - `suspect`: the device slept or the network changed, so that an open connection may be dead
 *   without an event
 */
export type GateSignal = "changed" | "suspect";

/** Answers "may I connect now?". */
export interface Gate {
  /** Why no connection may be made now; undefined if one may. */
  readonly blocked: PauseReason | undefined;
  /** Calls `listener` with every signal until the returned function is called. */
  watch(listener: (signal: GateSignal) => void): () => void;
  /**
   * Grace period before an error is reported, in milliseconds: browsers cut connections shortly
   * before `pagehide`, and only then does `blocked` say that the page is being left.
   */
  readonly errorGracePeriod: number;
}

/**
 * Which reasons end an open connection. `navigator.onLine` may be wrong, so a device that is said
 * to be offline keeps it.
 */
const disconnects: Record<PauseReason, boolean> = { offline: false, frozen: true, hidden: true };

/** Returns true if an open connection has to be closed now. */
export function mustDisconnect({ blocked }: Gate): boolean {
  return blocked !== undefined && disconnects[blocked];
}

/** The gate where there is no page (workers, Node): always open. */
export const openGate: Gate = {
  blocked: undefined,
  watch: () => () => undefined,
  errorGracePeriod: 0,
};
