import { multicast, type Multicast } from "./multicast.ts";

const aborts = new WeakMap<AbortSignal, Multicast<[]>>();

/**
 * Calls `listener` when `signal` aborts. Returns the function that removes the listener. All share
 * one listener on the signal: Node warns of a leak when there are eleven.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let all = aborts.get(signal);
  if (!all) {
    all = multicast((notify) => {
      signal.addEventListener("abort", notify);
      return () => {
        signal.removeEventListener("abort", notify);
      };
    });
    aborts.set(signal, all);
  }
  return all.subscribe(listener);
}
