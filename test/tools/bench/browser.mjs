import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumFlags } from "../../support/browsers/chromium-flags.mjs";

/** A profile without telemetry, updates and tours. */
const firefoxSettings = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.healthreport.uploadEnabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "toolkit.telemetry.enabled": false,
};

const commandLines = {
  chromium: (profile) => [
    "--headless",
    ...chromiumFlags,
    `--user-data-dir=${profile}`,
    "--js-flags=--expose-gc",
    // Otherwise measureUserAgentSpecificMemory waits for a garbage collection, for up to half a
    // minute.
    "--enable-blink-features=ForceEagerMeasureMemory",
  ],
  firefox: (profile) => {
    const lines = Object.entries(firefoxSettings).map(
      ([name, value]) => `user_pref("${name}", ${value});\n`,
    );
    writeFileSync(join(profile, "user.js"), lines.join(""));
    return ["--headless", "--no-remote", "--profile", profile];
  },
};

/**
 * Opens a page in a browser that no client is attached to: a protocol client that observes the
 * network, as Playwright does, makes native EventSource seven times slower. So the page itself has
 * to report its results.
 *
 * @param kind "chromium" or "firefox"
 */
export function openPage(kind, executable, url) {
  const profile = mkdtempSync(join(tmpdir(), `bench-${kind}-`));
  // A process group of its own, so that its children end with it.
  const browser = spawn(executable, [...commandLines[kind](profile), url], {
    stdio: "ignore",
    detached: true,
  });
  const kill = () =>
    void (
      browser.exitCode === null &&
      browser.signalCode === null &&
      process.kill(-browser.pid, "SIGKILL")
    );
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
