// @ts-check
import { execFileSync } from "node:child_process";

/** How many files, sockets included, a process may have open here; Infinity if not known. */
export function openFiles() {
  try {
    const said = execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
    return /^\d+$/.test(said) ? Number(said) : Infinity;
  } catch {
    return Infinity;
  }
}
