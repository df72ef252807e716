import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type CDPSession, type Page } from "playwright-core";
import type * as library from "../../src/index.ts";
import { browserPath } from "./browsers.ts";
import { chromiumFlags } from "./chromium-flags.mjs";
import type { TabLog } from "./tab-log.ts";

type Library = typeof library;

/** A page's source, and what it has heard. */
interface Heard {
  source: library.ResilientEventSource;
  /** The data of each event. */
  got: number[];
  /** Each state. */
  states: library.ConnectionState[];
  /** The reason of each `error` event. */
  errors: string[];
}

interface TabWindow {
  library: Library;
  heard: Heard[];
  /** Whether each `pageshow` came from the cache. */
  shows: boolean[];
}

/** What `Tab.connect` takes. */
export interface TabOptions extends Pick<
  library.ResilientEventSourceOptions,
  "backoff" | "pauseWhenHidden" | "connectTimeout" | "lastEventId"
> {
  path?: string;
  /** Default: fetch. */
  transport?: "fetch" | "default" | "shared" | "shared default";
  /** A mark in localStorage at every `error` event: it can be read when the page is gone. */
  marks?: boolean;
}

/** A Chromium for tests of tabs. */
export interface TabBrowser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/**
 * A Chromium as users have it, with a process for each tab. Playwright's own would keep every tab visible and take the back-forward cache away, so
 * it is started here, and Playwright only connects to it.
 */
export async function launchTabs(): Promise<TabBrowser> {
  const profile = mkdtempSync(join(tmpdir(), "resilient-eventsource-"));
  const args = [
    "--headless=new",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
    ...chromiumFlags,
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
  const browser = await chromium.connectOverCDP(endpoint, { noDefaults: true });
  return {
    context: browser.contexts()[0]!,
    async close() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      const session = await browser.newBrowserCDPSession();
      await session.send("Browser.close").catch(() => undefined);
      await gone;
      await browser.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** How long a condition may take to come true (ms). */
const PATIENCE = 20_000;

/** Waits for a condition of this process or of a page. */
export async function until(condition: () => unknown, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A tab with sources in it. */
export class Tab {
  private constructor(
    readonly page: Page,
    readonly cdp: CDPSession,
  ) {}

  static async open(context: BrowserContext, log: TabLog): Promise<Tab> {
    const page = await context.newPage();
    const tab = new Tab(page, await context.newCDPSession(page));
    await page.goto(log.url);
    await page.waitForFunction(() => "library" in globalThis);
    return tab;
  }

  /** Makes a source. */
  connect(options: TabOptions = {}): Promise<void> {
    return this.page.evaluate(({ path = "/log", transport = "fetch", marks, ...options }) => {
      const tab = globalThis as unknown as TabWindow;
      const { ResilientEventSource, fetchTransport, sharedTransport } = tab.library;
      const transports = {
        fetch: () => fetchTransport(),
        default: () => undefined,
        shared: () => sharedTransport(fetchTransport()),
        "shared default": () => sharedTransport(),
      };
      const backoff = { startingDelay: 300 };
      const source = new ResilientEventSource(path, { backoff, ...options, transport: transports[transport]() });
      const heard: Heard = { source, got: [], states: [], errors: [] };
      source.on("message", (data) => heard.got.push(Number(data)));
      source.addEventListener("statechange", () => heard.states.push(source.state));
      source.addEventListener("error", ({ error }) => {
        heard.errors.push(error.reason);
        if (marks) localStorage.setItem("errors", `${localStorage.getItem("errors") ?? ""} ${error.reason}`);
      });
      (tab.heard ??= []).push(heard);
    }, options);
  }

  /** What its first source, or another one, has gone through. */
  heard(index = 0): Promise<Omit<Heard, "source"> & { state: library.ConnectionState; lastEventId: string }> {
    return this.page.evaluate((index) => {
      const { source, got, states, errors } = (globalThis as unknown as TabWindow).heard[index]!;
      return { got, states, errors, state: source.state, lastEventId: source.lastEventId };
    }, index);
  }

  async state(): Promise<library.ConnectionState> {
    return (await this.heard()).state;
  }

  async isHolder(): Promise<boolean> {
    const state = await this.state();
    return state.status === "open" && state.role === "holder";
  }

  /** Waits until the source is in this state. */
  reaches(status: library.ConnectionState["status"]): Promise<void> {
    return until(async () => (await this.state()).status === status, `a source that is ${status}`);
  }

  /** Waits until the source has heard this event, or a later one. */
  reads(number: number): Promise<void> {
    return until(async () => (await this.heard()).got.at(-1)! >= number, `event ${number}`);
  }

  /** Freezes it as the browser does with a tab in the background, or brings it back. */
  async setFrozen(frozen: boolean): Promise<void> {
    await this.cdp.send("Page.setWebLifecycleState", { state: frozen ? "frozen" : "active" });
  }

  /** Emulates the loss of the network, and its return. */
  async setOffline(offline: boolean): Promise<void> {
    await this.cdp.send("Network.enable");
    await this.cdp.send("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  }

  async closeSources(): Promise<void> {
    await this.page.evaluate(() => {
      for (const { source } of (globalThis as unknown as TabWindow).heard) source.close();
    });
  }

  /** Leaves for another page. */
  async leave(log: TabLog): Promise<void> {
    await this.page.goto(log.elsewhere);
  }

  /** Comes back by the back button, and says whether the page was in the cache. */
  async comeBack(): Promise<boolean> {
    await this.page.evaluate(() => history.back()).catch(() => undefined);
    await until(
      () => this.page.evaluate(() => location.pathname === "/tab" && "shows" in globalThis).catch(() => false),
      "the page to come back",
    );
    await until(() => this.page.evaluate(() => (globalThis as unknown as TabWindow).shows.length > 0), "pageshow");
    return this.page.evaluate(() => (globalThis as unknown as TabWindow).shows.at(-1) === true);
  }

  /** Listeners of the page, and its used heap in bytes, after a garbage collection. */
  async metrics(): Promise<{ listeners: number; heap: number }> {
    for (let times = 0; times < 3; times++) await this.cdp.send("HeapProfiler.collectGarbage");
    await this.cdp.send("Performance.enable");
    const { metrics } = await this.cdp.send("Performance.getMetrics");
    const value = (name: string): number => metrics.find((metric) => metric.name === name)!.value;
    return { listeners: value("JSEventListeners"), heap: value("JSHeapUsedSize") };
  }
}

/** The numbers from one to another. */
export function numbers(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
