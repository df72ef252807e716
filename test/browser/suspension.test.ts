import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { engine, needs, type TabBrowser } from "../support/browsers/engines/engine.ts";
import { Tab, until } from "../support/pages/tab-browser.ts";
import { TabLog } from "../support/pages/tab-log.ts";

// In real time: what a browser does with its timers, and in what order it tells, is what counts.

/** How long timers stand still (ms). */
const STILL = 20_000;

let browser: TabBrowser;
let log: TabLog;
const tabs: Tab[] = [];
beforeAll(async () => {
  browser = await engine.launchTabs();
});
afterAll(() => browser.close());
/** Connections to /quiet, a healthy stream that sends nothing but a comment now and then. */
let quiet = 0;
const comments: ReturnType<typeof setInterval>[] = [];
beforeEach(async () => {
  log = await TabLog.start(["/fetch", "/default", "/shared"]);
  quiet = 0;
});
afterEach(async () => {
  for (const comment of comments.splice(0)) clearInterval(comment);
  for (const { page } of tabs.splice(0)) await page.close();
  log.close();
});

/** Serves /quiet with a comment in this interval (ms). */
function comment(interval: number): void {
  log.server.serve("/quiet", (_, connection) => {
    quiet++;
    connection.head().write(":\n\n");
    comments.push(setInterval(() => connection.write(":\n\n"), interval));
  });
}

async function load(): Promise<Tab> {
  const tab = await Tab.open(browser, log);
  tabs.push(tab);
  return tab;
}

/** Lets nothing else run in the page for so long, as a dialog or a sleeping device does. */
const block = ({ page }: Tab, ms: number): Promise<void> =>
  page.evaluate((ms) => {
    setTimeout(() => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    });
  }, ms);

test.each([
  ["while its script stands still", 0],
  ["a moment after its script runs again", STILL + 1000],
])(
  "a page that was hidden, shown %s: dead connections are replaced, a healthy one is kept",
  { tags: "slow" },
  async (_, shownAfter) => {
    if (shownAfter) needs("promptTimers");
    comment(3000);
    const tab = await load();
    const dead = [
      { path: "/fetch", transport: "fetch" },
      { path: "/default", transport: "default" },
      { path: "/shared", transport: "shared default" },
    ] as const;
    for (const options of dead) await tab.connect(options);
    await tab.connect({ path: "/quiet", transport: "fetch" });
    for (const index of [0, 1, 2, 3])
      await until(async () => (await tab.heard(index)).state.status === "open", "open sources");
    log.publish();
    for (const index of [0, 1, 2])
      await until(async () => (await tab.heard(index)).got.length === 1, "an event");
    expect(log.requests).toBe(3);

    // From here on the log sends nothing, as if the sockets were dead.
    const other = await load();
    await other.bringToFront();
    await until(() => tab.page.evaluate(() => document.hidden), "a hidden tab");
    await block(tab, STILL);
    await new Promise((resolve) => setTimeout(resolve, shownAfter));
    await tab.bringToFront();
    await until(() => log.requests === 6, "three connections that are replaced");
    expect(log.asked).toEqual(["", "", "", "1", "1", "1"]);
    expect(quiet).toBe(1);
    log.publish();
    for (const index of [0, 1, 2]) {
      await until(async () => (await tab.heard(index)).got.length === 2, "the next event");
      expect((await tab.heard(index)).errors).toEqual(["timeout"]);
    }
    expect((await tab.heard(3)).errors).toEqual([]);
  },
);
