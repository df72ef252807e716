/** What was thrown, in words. Anything can be thrown, also what has no string form. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return typeof thrown;
  }
}

/**
 * Reports what application code threw, as the platform reports what a listener throws, without unwinding into the caller.
 * Node has no `reportError`: there it becomes an uncaught exception, which is what Node's own EventTarget makes of it.
 */
export function report(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}
