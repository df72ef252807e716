import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  chromium as playwright,
  type BrowserContext,
  type Dialog,
  type Page as PlaywrightPage,
} from "playwright-core";
import { PATIENCE } from "../../patience.ts";
import { browserPath, launchChromium } from "../browsers.ts";
import { chromiumFlags } from "../chromium-flags.mjs";
import { hasNamespaces } from "../namespace.ts";
import type { Engine, Powers, TabDriven } from "./engine.ts";
import { goBack, hangInDialog, opener, type Driven } from "./page.ts";

/** Chromium, by Playwright. */
export const chromium: Engine = {
  name: "chromium",
  lacks: hasNamespaces()
    ? {}
    : {
        ownNetwork:
          "a network namespace needs root, unshare and ip: navigator.onLine is simulated instead",
      },

  async launch(program) {
    const browser = await launchChromium(program);
    return {
      open: opener(async () => drive(await browser.newPage())),
      close: () => browser.close(),
    };
  },

  async launchTabs() {
    const browser = await launchChromiumTabs();
    return {
      open: opener(async () => driveTab(await browser.context.newPage())),
      close: () => browser.close(),
    };
  },
};

/** A Chromium for tests of tabs. */
export interface ChromiumTabs {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/**
 * A Chromium as users have it, with a process for each tab. Playwright's own would keep every tab
 * visible and disable the back-forward cache, so it is started here and Playwright only connects to
 * it.
 */
export async function launchChromiumTabs(...flags: readonly string[]): Promise<ChromiumTabs> {
  const profile = mkdtempSync(join(tmpdir(), "resilient-eventsource-"));
  const args = [
    "--headless=new",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
    ...chromiumFlags,
    ...flags,
    "--renderer-process-limit=100",
    "about:blank",
  ];
  const child = spawn(browserPath("chromium"), args, { stdio: ["ignore", "ignore", "pipe"] });
  const endpoint = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (text: Buffer) => {
      said += String(text);
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    child.once("exit", () => reject(new Error(`Chromium did not start: ${said}`)));
  });
  const browser = await playwright.connectOverCDP(endpoint, {
    noDefaults: true,
    timeout: PATIENCE,
  });
  return {
    context: browser.contexts()[0]!,
    async close() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      const session = await browser.newBrowserCDPSession();
      await session.send("Browser.close").catch(() => undefined);
      await gone;
      await browser.close();
      // Its other processes may still write there; Node waits longer before each retry.
      rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
    },
  };
}

function drive(page: PlaywrightPage): Driven {
  return {
    goto: (url) => page.goto(url, { timeout: PATIENCE }),
    evaluate: (expression) => page.evaluate<string>(expression),
    close: () => page.close(),
  };
}

async function driveTab(page: PlaywrightPage): Promise<TabDriven & Powers> {
  const session = await page.context().newCDPSession(page);
  return {
    ...drive(page),
    bringToFront: () => page.bringToFront(),
    goBack: () => page.evaluate(goBack),
    setFrozen: (frozen) =>
      session.send("Page.setWebLifecycleState", { state: frozen ? "frozen" : "active" }),
    async setOffline(offline) {
      await session.send("Network.enable");
      await session.send("Network.emulateNetworkConditions", {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      });
    },
    async crash() {
      const crashed = new Promise((resolve) => page.once("crash", resolve));
      // It never answers.
      void session.send("Page.crash").catch(() => undefined);
      await crashed;
    },
    async openDialog() {
      const opened = new Promise<Dialog>((resolve) => page.once("dialog", resolve));
      await page.evaluate(hangInDialog);
      const dialog = await opened;
      return () => dialog.accept();
    },
    async stopAtBreakpoint() {
      await session.send("Debugger.enable");
      const paused = new Promise((resolve) => session.once("Debugger.paused", resolve));
      await page.evaluate("void setTimeout(() => { debugger; })");
      await paused;
      // It also resumes.
      return () => session.send("Debugger.disable");
    },
    async measure() {
      for (let times = 0; times < 3; times++) await session.send("HeapProfiler.collectGarbage");
      await session.send("Performance.enable");
      const { metrics } = await session.send("Performance.getMetrics");
      const value = (name: string): number => metrics.find((metric) => metric.name === name)!.value;
      return { listeners: value("JSEventListeners"), heap: value("JSHeapUsedSize") };
    },
  };
}
