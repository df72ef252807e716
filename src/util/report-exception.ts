/** The message of what was thrown. Anything can be thrown, even a value without a string form. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return typeof thrown;
  }
}

/**
 * The message of the innermost cause, with its code: `fetch` in Node says only "fetch failed".
 */
export function rootMessageOf(thrown: unknown): string {
  let root = thrown;
  // A limit, since causes can form a cycle.
  for (let depth = 0; depth < 9; depth++)
    root = (root as { cause?: unknown } | null)?.cause ?? root;
  const message = messageOf(root);
  const code = (root as { code?: unknown } | null)?.code;
  return typeof code === "string" && !message.includes(code)
    ? `${message} (${code})`.trim()
    : message;
}

/**
 * Reports an exception of application code as the platform reports one of a listener, without
 * unwinding into the caller. Node has no `reportError`: there it becomes an uncaught exception, as
 * in Node's own EventTarget.
 */
export function report(
  error: unknown,
  otherwise = (error: unknown): void => {
    queueMicrotask(() => {
      throw error;
    });
  },
): void {
  (typeof reportError === "function" ? reportError : otherwise)(error);
}

/**
 * Reports what the server sent. Unlike `report`, it never ends a Node process: remote input must
 * not be able to.
 */
export function reportInput(error: unknown): void {
  report(error, console.error);
}
