// @ts-check
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

// A process of its own that cleans up after another one, however that one ends: closed,
// interrupted, crashed, or killed with -9. The other process writes which process groups run
// (`+pid`, `-pid`) to its standard input; when that input ends, the other process is gone.
// Arguments: the folder to remove.

const [, , folder = ""] = process.argv;
/** @type {Set<number>} */
const groups = new Set();

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith("+")) groups.add(pid);
  else groups.delete(pid);
}

for (const pid of groups) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended on its own.
  }
}
// Processes that are ending may still write.
rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
