import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../../support/browsers/browsers.ts";
import { startFastDemo, type Account, type ClusterDemo } from "../../support/demo/cluster-demo.ts";

const KILLS = 10;
/** How many ticks come between one kill and the next: about a second's. */
const BETWEEN = 40;

declare global {
  /** The numbers of all ticks that the page has shown, in order. */
  var shownTicks: number[];
}

let browser: Browser;
let page: Page;
let demo: ClusterDemo;
const account: Account = { acknowledged: [], unanswered: [] };

beforeAll(async () => {
  demo = await startFastDemo(account);
  browser = await launchChromium();
  page = await browser.newPage();
});
afterAll(async () => {
  await browser.close();
  await demo.close();
});

/** Records every event of the page, in addition to the page's own counts. */
function watchTicks(): void {
  globalThis.shownTicks = [];
  new MutationObserver((records) => {
    for (const { addedNodes } of records) {
      for (const node of addedNodes)
        if (node instanceof HTMLElement && node.dataset.tick)
          shownTicks.push(Number(node.dataset.tick));
    }
  }).observe(document, { childList: true, subtree: true });
}

const shown = (): Promise<number[]> => page.evaluate(() => shownTicks);
const count = async (id: string): Promise<number> =>
  Number((await page.locator(`#${id}`).textContent())!.replaceAll(",", ""));

/** The page may still have to connect, so it can be behind. */
async function killLeader(): Promise<string> {
  let name: string | undefined;
  await expect.poll(async () => (name = (await demo.outages.killLeader(200))?.name)).toBeDefined();
  return name!;
}

test(`${KILLS} times the node that holds the stream is killed with -9: every acknowledged tick comes once, in order`, async () => {
  const errors: Error[] = [];
  page.on("pageerror", (error) => errors.push(error));
  await page.addInitScript(watchTicks);
  await page.goto(demo.address);

  const killed: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const before = (await shown()).length;
    await expect.poll(async () => (await shown()).length).toBeGreaterThan(before + BETWEEN);
    killed.push(await killLeader());
  }
  await expect.poll(() => count("kills")).toBe(KILLS);
  await demo.stopTicks();
  await expect
    .poll(async () => (await shown()).at(-1))
    .toBeGreaterThanOrEqual(account.acknowledged.at(-1)!);

  const ticks = await shown();
  expect(ticks).toEqual([...new Set(ticks)].sort((a, b) => a - b));
  const unanswered = new Set(account.unanswered);
  expect(ticks.filter((n) => !unanswered.has(n))).toEqual(account.acknowledged);
  expect(new Set(killed)).toEqual(new Set(["A", "B"]));
  // The page's own counts.
  expect({
    received: await count("received"),
    lost: await count("lost"),
    twice: await count("twice"),
    late: await count("late"),
  }).toEqual({
    received: ticks.length,
    lost: 0,
    twice: 0,
    late: 0,
  });
  expect(errors).toEqual([]);
});

test("says so where no cluster runs", async () => {
  const alone = await browser.newPage();
  await alone.route("**/nodes.json", (route) => route.fulfill({ status: 404 }));
  await alone.goto(demo.address);
  await expect
    .poll(() => alone.getByRole("status").textContent())
    .toBe("The cluster is not running: npm run demo:cluster starts it.");
});
