// @ts-check
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

// A process of its own that cleans up after another one, however that one ends: closed, interrupted, crashed, or killed with -9. It is told on its
// standard input which process groups run (`+pid`, `-pid`); when that input ends, the other one is gone.
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
    // It has ended by itself.
  }
}
// Those that are dying may still write.
rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
