/** Why no connection may be made now: the device is offline, the page is frozen (or cached), or has been hidden too long. */
export type PauseReason = "offline" | "frozen" | "hidden";

/**
 * What a gate tells:
 *
 * - `changed`: `blocked` has another value than before
 * - `suspect`: the device slept or the network changed, so that a live connection may be dead without knowing it
 */
export type GateSignal = "changed" | "suspect";

/** Answers "may I connect now?". */
export interface Gate {
  /** Why no connection may be made now; undefined: go. */
  readonly blocked: PauseReason | undefined;
  /** Calls `listener` with every signal until the function it returned is called. */
  watch(listener: (signal: GateSignal) => void): () => void;
  /**
   * How long to wait, in milliseconds, before a cut connection is called an error: a page that is being left loses its connections a moment before it
   * is told so, and only then `blocked` says it.
   */
  readonly errorGracePeriod: number;
}

/** Whether a live connection is let go for this reason. Being offline may be a false alarm: a stream that still lives is kept. */
const releases: Record<PauseReason, boolean> = { offline: false, frozen: true, hidden: true };

/** Whether the page must not hold a connection now. */
export function mustDisconnect({ blocked }: Gate): boolean {
  return blocked !== undefined && releases[blocked];
}

/** The gate where there is no page (workers, Node): always open. */
export const openGate: Gate = {
  blocked: undefined,
  watch: () => () => undefined,
  errorGracePeriod: 0,
};
