import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
// A collection would also free the bytecode of functions that have not run for a while.
setFlagsFromString("--no-flush-bytecode");
export const collectGarbage = runInNewContext("gc") as () => void;

/** How many bytes of the heap are in use after a garbage collection. */
export function usedHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
