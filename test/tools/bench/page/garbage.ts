/**
 * Chromium's `gc`, with `--js-flags=--expose-gc`; Node's types declare another one. Firefox has
 * none for pages, so a pause has to do.
 */
const collect = (
  globalThis as unknown as {
    gc?: (options: { type: "major"; execution: "async" }) => Promise<void>;
  }
).gc;

/**
 * Collects garbage before the next measurement. Asynchronously, since Blink releases some objects
 * only in a task of its own.
 */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await collect?.({ type: "major", execution: "async" });
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
