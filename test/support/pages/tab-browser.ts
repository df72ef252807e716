import type * as library from "../../../src/index.ts";
import type { TabBrowser, TabDriven } from "../browsers/engines/engine.ts";
import type { Page } from "../browsers/engines/page.ts";
import { installWatch } from "./page-watch.ts";
import type { TabLog } from "./tab-log.ts";
import { PATIENCE } from "../patience.ts";

/** The record of a source. */
interface Heard {
  /** The data of each event. */
  got: number[];
  states: library.ConnectionState[];
  /** The reason of each `error` event. */
  errors: string[];
  state: library.ConnectionState;
  lastEventId: string;
}

/** Options of `Tab.connect`. */
export interface TabOptions extends Pick<
  library.ResilientEventSourceOptions,
  "backoff" | "pauseWhenHidden" | "connectTimeout" | "lastEventId"
> {
  path?: string;
  /** Default: fetch. */
  transport?: "fetch" | "default" | "shared" | "shared default";
  /**
   * Appends a mark to localStorage at every `error` event, which can be read when the page is gone.
   */
  marks?: boolean;
}

/** Waits for a condition of this process or of a page. */
export async function until(condition: () => unknown, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`timed out waiting for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A tab with sources in it. */
export class Tab {
  private constructor(readonly page: Page<TabDriven>) {}

  static async open(browser: TabBrowser, log: TabLog): Promise<Tab> {
    const page = await browser.open(log.url);
    await page.waitFor(() => "library" in globalThis);
    await page.evaluate(installWatch);
    return new Tab(page);
  }

  /** Makes a source. */
  connect(options: TabOptions = {}): Promise<void> {
    return this.page.evaluate(({ path = "/log", transport = "fetch", marks, ...options }) => {
      const { fetchTransport, sharedTransport } = globalThis.library;
      const transports = {
        fetch: () => fetchTransport(),
        default: () => undefined,
        shared: () => sharedTransport(fetchTransport()),
        "shared default": () => sharedTransport(),
      };
      const { source } = connect(
        path,
        { backoff: { startingDelay: 300 }, ...options },
        { transport: transports[transport]() },
      );
      if (!marks) return;
      source.addEventListener("error", ({ error }) =>
        localStorage.setItem("errors", `${localStorage.getItem("errors") ?? ""} ${error.reason}`),
      );
    }, options);
  }

  /** The record of its first source, or of another one. */
  heard(index = 0): Promise<Heard> {
    return this.page.evaluate((index) => {
      const { source, notes } = watched[index]!;
      const { events, states, errors } = notes();
      return {
        got: events.map(({ data }) => Number(data)),
        states,
        errors: errors.map(({ error }) => error.reason),
        state: source.state,
        lastEventId: source.lastEventId,
      };
    }, index);
  }

  async state(): Promise<library.ConnectionState> {
    return (await this.heard()).state;
  }

  async isLeader(): Promise<boolean> {
    const state = await this.state();
    return state.status === "open" && state.role === "leader";
  }

  /** Waits until the source is in this state. */
  reaches(status: library.ConnectionState["status"]): Promise<void> {
    return until(async () => (await this.state()).status === status, `a source that is ${status}`);
  }

  /** Waits until the source has received this event, or a later one. */
  reads(number: number): Promise<void> {
    return until(async () => (await this.heard()).got.at(-1)! >= number, `event ${number}`);
  }

  /** Freezes it as the browser freezes a tab in the background, or unfreezes it. */
  async setFrozen(frozen: boolean): Promise<void> {
    await this.page.driven.setFrozen!(frozen);
  }

  /** Emulates the loss of the network, or its return. */
  async setOffline(offline: boolean): Promise<void> {
    await this.page.driven.setOffline!(offline);
  }

  /** Makes it the visible tab. */
  async bringToFront(): Promise<void> {
    await this.page.driven.bringToFront();
  }

  /** Calls `reconnect()` of its first source. */
  async reconnect(): Promise<void> {
    await this.page.evaluate(() => watched[0]!.source.reconnect());
  }

  async closeSources(): Promise<void> {
    await this.page.evaluate(() => {
      for (const { source } of watched) source.close();
    });
  }

  /** Leaves for another page. */
  async leave(log: TabLog): Promise<void> {
    await this.page.goto(log.elsewhere);
  }

  /** Comes back by the back button. Returns whether the page was in the cache. */
  async comeBack(log: TabLog): Promise<boolean> {
    const { shows } = log;
    await this.page.driven.goBack();
    await until(() => log.shows > shows, "the page to come back");
    // The page knows that it is back before its driver does.
    let kept: boolean | undefined;
    await until(async () => {
      kept = await this.page
        .evaluate(() => (globalThis as unknown as { shows: boolean[] }).shows.at(-1) === true)
        .catch(() => undefined);
      return kept !== undefined;
    }, "the driver to find the page");
    return kept!;
  }
}

/** The numbers from one to another. */
export function numbers(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
