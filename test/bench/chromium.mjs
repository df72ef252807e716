import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumFlags } from "../support/chromium-flags.mjs";

/**
 * Opens a page in a Chromium that nothing is attached to: a protocol client that listens to the network, as Playwright does, slows native EventSource
 * sevenfold. The page has to tell its results itself.
 */
export function openPage(executable, url) {
  const profile = mkdtempSync(join(tmpdir(), "bench-chromium-"));
  const flags = [
    "--headless",
    ...chromiumFlags,
    `--user-data-dir=${profile}`,
    "--js-flags=--expose-gc",
    // Otherwise the answer of measureUserAgentSpecificMemory waits for a garbage collection, up to half a minute.
    "--enable-blink-features=ForceEagerMeasureMemory",
  ];
  // A process group of its own, so that its children end with it.
  const browser = spawn(executable, [...flags, url], { stdio: "ignore", detached: true });
  const kill = () => void (browser.exitCode === null && browser.signalCode === null && process.kill(-browser.pid, "SIGKILL"));
  process.once("exit", kill);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  const exited = once(browser, "exit");
  return {
    pid: browser.pid,
    exited,
    close: async () => {
      kill();
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}
