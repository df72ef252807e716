// @ts-check
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * A temporary folder, and processes that run in it. Neither outlives this program, however it ends.
 */
export async function createProcesses() {
  const folder = mkdtempSync(join(tmpdir(), "eventsource-cluster-"));
  const guard = spawn(
    process.execPath,
    [fileURLToPath(new URL("guard.mjs", import.meta.url)), folder],
    {
      // In a session of its own, so that Ctrl+C does not reach it.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    },
  );
  const guarded = once(guard, "exit");
  // If root starts it, nginx runs its workers as another user, who needs access.
  await chmod(folder, 0o755);
  let closed = false;

  return {
    folder,

    /**
     * Starts a program in the folder. Its process group has its pid and includes nginx's workers.
     *
     * @param {string} program
     * @param {string[]} args
     */
    start(program, args) {
      // Nothing would end it.
      if (closed) throw new Error("the cluster is closed");
      const child = spawn(program, args, { cwd: folder, detached: true, stdio: "ignore" });
      const pid = /** @type {number} */ (child.pid);
      guard.stdin.write(`+${pid}\n`);
      const exited = once(child, "exit").then(() => {
        // After the end of its input the guard ends everything anyway.
        if (!closed) guard.stdin.write(`-${pid}\n`);
      });
      return {
        get running() {
          return child.exitCode === null && child.signalCode === null;
        },
        exited,
        /**
         * Ends it and its children at once, as `kill -9` does: none of them can close its
         * connections.
         */
        async kill() {
          if (this.running) process.kill(-pid, "SIGKILL");
          await exited;
        },
      };
    },

    /** Ends all of them and removes the folder. */
    async close() {
      closed = true;
      guard.stdin.end();
      await guarded;
    },
  };
}
