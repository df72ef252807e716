import { Multicast } from "./multicast.ts";

const aborts = /* @__PURE__ */ new WeakMap<AbortSignal, Multicast<[]>>();

/**
 * Calls `listener` when `signal` aborts. Returns the function that removes the listener. All share
 * one listener on the signal: Node warns of a leak when there are eleven.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const all =
    aborts.get(signal) ??
    new Multicast<[]>(() => {
      const notify = (): void => {
        all.notify();
      };
      signal.addEventListener("abort", notify);
      return () => {
        signal.removeEventListener("abort", notify);
      };
    });
  aborts.set(signal, all);
  return all.subscribe(listener);
}
