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
