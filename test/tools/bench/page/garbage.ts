/** Chromium's, with `--js-flags=--expose-gc`; Node's types know another one. Firefox has none for pages: there it has to do with a pause. */
const collect = (
  globalThis as unknown as {
    gc?: (options: { type: "major"; execution: "async" }) => Promise<void>;
  }
).gc;

/** Leaves no garbage to whoever is measured next. Asynchronously, since only a task of its own sees everything that Blink can let go. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await collect?.({ type: "major", execution: "async" });
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
