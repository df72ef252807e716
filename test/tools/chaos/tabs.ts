import { setTimeout as sleep } from "node:timers/promises";
import { PROTOCOL } from "../../../src/sharing/messages.ts";
import { chromium } from "../../support/browsers/engines/chromium.ts";
import type { Powers, TabBrowser, TabDriven } from "../../support/browsers/engines/engine.ts";
import type { Page } from "../../support/browsers/engines/page.ts";
import { makeNoise } from "../../support/pages/page-noise.ts";
import { TabLog } from "../../support/pages/tab-log.ts";
import { PATIENCE } from "../../support/patience.ts";
import { Random } from "../../support/random.ts";
import { Violation, type ChaosOptions, type ChaosReport } from "./chaos.ts";
import { emptyCounts } from "./report.ts";
import { Stalls } from "./stalls.ts";
import { installRecord, type TabReport } from "./tab-record.ts";

const TABS = 10;
const KEY = "tabs";
const CHANNEL = `resilient-eventsource ${PROTOCOL} ${JSON.stringify(KEY)}`;
/** How long faults last before a calm, in which all tabs have to catch up (ms). */
const STORM = 30_000;
/** The longest freeze and the longest hang (ms): longer than it takes to replace a leader. */
const LONGEST = 25_000;
/** How many tabs may be frozen or hang at the same time. */
const MOST_STUCK = 4;
/**
 * How long a third connection may live (ms): the news of an end takes some time, and a follower
 * that has waited 15 s for its turn catches up next to another one. A busy machine is slow at both.
 */
const OVERLAP = 10_000;
/** How long the tabs that run may be without a connection (ms), and if a page hangs. */
const GAP = 10_000;
const GAP_AFTER_HANG = 30_000;

/** The things that happen, by weight. */
const actions = {
  close: 3,
  crash: 2,
  reload: 4,
  freeze: 4,
  dialog: 3,
  breakpoint: 2,
  show: 6,
  reconnect: 4,
  drain: 4,
  cut: 5,
  outage: 2,
  "refuse a second connection": 3,
  burst: 4,
};

/** A tab and what is being done to it. */
class StormTab {
  /** Undoes the freeze or the hang that lasts. */
  release: (() => Promise<unknown>) | undefined;
  isHung = false;
  report: TabReport | undefined;

  private constructor(
    readonly name: string,
    readonly page: Page<TabDriven>,
    private readonly url: string,
  ) {}

  static async open(browser: TabBrowser, url: string, name: string): Promise<StormTab> {
    const tab = new StormTab(name, await browser.open(url), url);
    await tab.install();
    return tab;
  }

  async reload(): Promise<void> {
    await this.page.goto(this.url);
    await this.install();
  }

  async freeze(): Promise<void> {
    const { setFrozen } = this.page.driven as Powers;
    await setFrozen(true);
    this.release = () => setFrozen(false);
  }

  async hang(how: "openDialog" | "stopAtBreakpoint"): Promise<void> {
    this.isHung = true;
    const end = await this.page.driven[how]!();
    this.release = async () => {
      this.isHung = false;
      await end();
    };
  }

  async look(): Promise<TabReport> {
    return (this.report = await this.page.evaluate(() => stormTab.report()));
  }

  private async install(): Promise<void> {
    await this.page.waitFor(() => "library" in globalThis);
    const url = `/log?tab=${encodeURIComponent(this.name)}`;
    await this.page.evaluate(installRecord, { url, key: KEY });
  }
}

/**
 * Ten tabs that share a connection, under every fault of tabs, while an eleventh one posts random
 * messages on their channel. Throws the first violation.
 */
export async function runTabs(options: ChaosOptions): Promise<ChaosReport> {
  const storm = new TabStorm(options);
  try {
    return await storm.run();
  } finally {
    await storm.stop();
  }
}

class TabStorm {
  private readonly random: Random;
  private readonly log: string[] = [];
  private readonly began = performance.now();
  private readonly stalls = new Stalls();
  private readonly report: ChaosReport;
  private browser: TabBrowser | undefined;
  private server!: TabLog;
  private tabs: StormTab[] = [];
  private noise: Page<TabDriven> | undefined;
  private opened = 0;
  private isOver = false;
  private hungAt = -Infinity;
  /** Since when the tabs that run have had no connection, and since when more than two. */
  private noneSince: number | undefined;
  private manySince: number | undefined;
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(private readonly options: ChaosOptions) {
    this.random = new Random(options.seed);
    this.report = { seed: options.seed, ...emptyCounts() };
  }

  async run(): Promise<ChaosReport> {
    this.server = await TabLog.start();
    this.browser = await chromium.launchTabs();
    while (this.tabs.length < TABS) await this.open();
    this.noise = await this.browser.open(this.server.url);
    const noise = this.makeNoise();
    this.server.tick(50);
    for (let stormed = 0; stormed < this.options.duration; stormed += STORM) {
      await this.storm(Math.min(STORM, this.options.duration - stormed));
      await this.makeUp();
    }
    this.isOver = true;
    await noise;
    await this.end();
    this.report.seconds = Math.round((performance.now() - this.began) / 1000);
    this.report.requests = this.server.requests;
    return this.report;
  }

  async stop(): Promise<void> {
    this.isOver = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.stalls.stop();
    await this.browser?.close();
    this.server?.close();
  }

  private async open(): Promise<void> {
    const name = `tab ${++this.opened}`;
    this.note(name, "opened", false);
    this.tabs.push(await StormTab.open(this.browser!, this.server.url, name));
    this.report.sources++;
  }

  /** Some hundred random messages a second, until it is over. */
  private async makeNoise(): Promise<void> {
    for (let batch = 0; !this.isOver; batch++) {
      const seed = this.options.seed + batch;
      await this.noise!.evaluate(makeNoise, { channel: CHANNEL, seed, count: 60 }).catch(
        (error: unknown) => {
          if (!this.isOver) throw error;
        },
      );
      await sleep(150);
    }
  }

  private note(who: string, what: string, isFault = true): void {
    const seconds = ((performance.now() - this.began) / 1000).toFixed(2).padStart(7);
    this.log.push(`${seconds} s  ${who}: ${what}`);
    if (isFault) this.report.faults.set(what, (this.report.faults.get(what) ?? 0) + 1);
  }

  private fail(...violations: string[]): never {
    for (const tab of this.tabs)
      this.log.push(`${tab.name}: ${JSON.stringify(tab.report)} ${tab.release ? "stuck" : ""}`);
    throw new Violation(this.options.seed, violations, this.log);
  }

  private async storm(duration: number): Promise<void> {
    const end = performance.now() + duration;
    while (performance.now() < end) {
      const action = this.random.weighted(actions);
      const target = this.random.int(0, 1_000_000);
      const lasts = this.random.int(1000, LONGEST);
      await this.act(action, target, lasts);
      const next = performance.now() + this.random.int(50, 1500);
      do {
        await this.look();
        await sleep(100);
      } while (performance.now() < next);
    }
  }

  private async act(action: keyof typeof actions, target: number, lasts: number): Promise<void> {
    const running = this.tabs.filter(({ release }) => !release);
    const tab = running[target % running.length]!;
    const isStuckEnough = TABS - running.length >= MOST_STUCK;
    const { server } = this;
    switch (action) {
      case "close":
      case "crash":
        this.note(tab.name, action);
        this.tabs = this.tabs.filter((other) => other !== tab);
        if (action === "crash") await tab.page.driven.crash!();
        await tab.page.close();
        await this.open();
        break;
      case "reload":
        this.note(tab.name, action);
        await tab.reload();
        this.report.sources++;
        break;
      case "freeze":
      case "dialog":
      case "breakpoint":
        if (isStuckEnough) break;
        this.note(tab.name, action);
        // As users have it: somebody looks at a tab that runs.
        await running[(target + 1) % running.length]!.page.driven.bringToFront();
        if (action === "freeze") await tab.freeze();
        else {
          this.hungAt = performance.now();
          await tab.hang(action === "dialog" ? "openDialog" : "stopAtBreakpoint");
        }
        this.later(lasts, () => this.release(tab));
        break;
      case "show":
        this.note(tab.name, action);
        await tab.page.driven.bringToFront();
        break;
      case "reconnect":
        this.note(tab.name, "reconnect()");
        await tab.page.evaluate(() => stormTab.source.reconnect());
        break;
      case "drain":
        this.note(tab.name, "reconnect({ within })");
        await tab.page.evaluate(() => stormTab.source.reconnect({ within: 2000 }));
        break;
      case "cut":
        this.note("server", "cut");
        server.cut();
        break;
      case "outage":
        this.note("server", "503 for a while");
        server.refuses = 503;
        server.cut();
        this.later(lasts / 10, () => (server.refuses = undefined));
        break;
      case "refuse a second connection":
        this.note("server", action);
        server.refusesMore = true;
        this.later(lasts / 2, () => (server.refusesMore = false));
        break;
      case "burst":
        this.note("server", "more events than the leader's history has");
        server.publish(1500);
    }
  }

  private async release(tab: StormTab): Promise<void> {
    const { release } = tab;
    tab.release = undefined;
    if (!release || !this.tabs.includes(tab)) return;
    this.note(tab.name, "runs again", false);
    await release();
  }

  private later(ms: number, run: () => unknown): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void (async () => run())().catch((error: unknown) => this.note("error", String(error)));
    }, ms);
    this.timers.add(timer);
  }

  /** Checks the tabs that run, and the connections at the server. */
  private async look(): Promise<void> {
    this.report.checks++;
    for (const tab of this.tabs) {
      if (tab.release) continue;
      const before = tab.report;
      const { wrong, uncaught, entered, first, last, state } = await tab.look();
      if (wrong.length + uncaught.length)
        this.fail(...[...wrong, ...uncaught].map((what) => `${tab.name}: ${what}`));
      if (state.status === "closed") this.fail(`${tab.name}: closed`);
      this.report.events += last - (before?.last || (first && first - 1));
      for (const status of entered)
        this.report.states.set(status, (this.report.states.get(status) ?? 0) + 1);
    }

    const now = performance.now();
    const hung = new Set(this.tabs.filter(({ isHung }) => isHung).map(({ name }) => name));
    // A page that hangs cannot close its connection.
    const live = this.server.liveTabs.filter((name) => !hung.has(name));
    this.manySince = live.length > 2 ? (this.manySince ?? now) : undefined;
    if (this.lasts(this.manySince, OVERLAP))
      this.fail(`${live.length} connections, of ${live.join()}`);
    this.noneSince = live.length || this.server.refuses ? undefined : (this.noneSince ?? now);
    const isAfterHang = hung.size > 0 || now - this.hungAt < GAP_AFTER_HANG;
    if (this.lasts(this.noneSince, isAfterHang ? GAP_AFTER_HANG : GAP))
      this.fail(`no connection for ${now - this.noneSince!} ms`);
  }

  private lasts(since: number | undefined, limit: number): boolean {
    const now = performance.now();
    return since !== undefined && now - since > limit + this.stalls.between(since, now);
  }

  /** Ends all faults, and waits until every tab has every event over one connection. */
  private async makeUp(): Promise<void> {
    this.note("calm", "", false);
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    Object.assign(this.server, { refuses: undefined, refusesMore: false });
    for (const tab of this.tabs) await this.release(tab);
    const goal = this.server.last + 1;
    await this.eventually(() => [
      ...this.tabs
        .filter(({ report }) => !(report?.state.status === "open" && report.last >= goal))
        .map(({ name, report }) => `${name}: ${report?.state.status}, ${report?.last} of ${goal}`),
      ...(this.server.connections === 1 ? [] : [`connections of ${this.server.liveTabs.join()}`]),
    ]);
  }

  /** Closes everything; no connection and no lock may be left. */
  private async end(): Promise<void> {
    this.server.stop();
    for (const { page } of this.tabs) await page.evaluate(() => stormTab.source.close());
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const { held, pending } = await this.noise!.evaluate(() => navigator.locks.query());
      const left = [...this.server.liveTabs, ...[...held!, ...pending!].map(({ name }) => name)];
      if (!left.length) return;
      if (performance.now() > deadline) this.fail(`left: ${left.join()}`);
      await sleep(100);
    }
  }

  private async eventually(check: () => string[]): Promise<void> {
    const deadline = performance.now() + 2 * PATIENCE;
    for (;;) {
      await this.look();
      const wrong = check();
      if (!wrong.length) return;
      if (performance.now() > deadline) this.fail(...wrong);
      await sleep(200);
    }
  }
}
