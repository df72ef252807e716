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
