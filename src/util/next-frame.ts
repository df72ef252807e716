/** Frames stop in hidden pages and in frames that are off-screen; then a timer (ms) serves. */
const LONGEST_WAIT = 100;

/**
 * Calls `callback` before the next frame is painted, or after 100 ms, whichever comes first. Where
 * there are no frames (Node, some workers), after 100 ms.
 *
 * @returns The function that cancels the call.
 */
export function nextFrame(callback: () => void): () => void {
  const hasFrames = typeof requestAnimationFrame === "function";
  const run = (): void => {
    cancel();
    callback();
  };
  const timer = setTimeout(run, LONGEST_WAIT);
  const frame = hasFrames ? requestAnimationFrame(run) : 0;
  const cancel = (): void => {
    clearTimeout(timer);
    if (hasFrames) cancelAnimationFrame(frame);
  };
  return cancel;
}
