/** Why no connection may be made now: the device is offline, the page is frozen (or cached), or has been hidden too long. */
export type PauseReason = "offline" | "frozen" | "hidden";

/** Answers "may I connect now?". */
export interface Gate {
  /** Why no connection may be made now; undefined: go. */
  readonly blocked: PauseReason | undefined;
  /** Calls `listener` after `blocked` has changed, until the function it returned is called. */
  watch(listener: () => void): () => void;
}

/** Whether a live connection is let go for this reason. Being offline may be a false alarm: a stream that still lives is kept. */
export const releases: Record<PauseReason, boolean> = { offline: false, frozen: true, hidden: true };

/** The gate where there is no page (workers, Node): always open. */
export const openGate: Gate = { blocked: undefined, watch: () => () => undefined };
