import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pageScript } from "../support/adapters/adapter-page.ts";
import { launchChromium } from "../support/browsers/browsers.ts";
import { cpuTimesOf } from "../support/browsers/cpu-times.ts";
import { Route } from "../support/pages/page-route.ts";
import { FaultServer } from "../support/server/fault-server.ts";
import type { Reading } from "./pages/react-tokens.ts";

const TOKENS = 10_000;
/** The delivery of a batch does not wait longer than this (ms) for a frame. */
const LONGEST_WAIT = 100;
/** Renders for another reason than a token: the mount in StrictMode, and each state. */
const OTHER_RENDERS = 8;
/**
 * A task is long if it takes as much CPU time as this many layouts of the whole answer: about the
 * 50 ms of which browsers complain, on a machine where one takes 6 ms.
 */
const LONG = 8;
/** At first, code is not yet optimized. */
const ROUNDS = 8;

let server: FaultServer;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  server = await FaultServer.start();
  browser = await launchChromium();
  page = await browser.newPage();
  const script = await pageScript({ page: "react-tokens" });
  server.servePage("/page.js", script, { "Content-Type": "text/javascript; charset=utf-8" });
  server.servePage(
    "/page",
    '<!doctype html><div id="app"></div><script type="module" src="/page.js"></script>',
  );
  await page.goto(`${server.origin}/page`);
  await page.waitForFunction(() => "readAnswer" in globalThis);
});
afterAll(async () => {
  await browser.close();
  server.close();
});

const tokens = Array.from({ length: TOKENS }, (_, index) => `${index.toString(36)} `);
const answer = tokens.join("");
const stream = tokens.map((token) => `data: ${token}\n\n`).join("");

test("10,000 tokens at full speed: none is lost, one render a frame, no long task", async () => {
  const to = new Route(server, [
    (_, connection) => connection.head({ chunked: true }).write(stream).end(),
  ]);
  /** The longest task of each round, in layouts. */
  const longest: number[] = [];
  do {
    let reading!: Reading;
    const tasks = await cpuTimesOf(browser, page, async () => {
      reading = await page.evaluate(
        ([url, expected]) => readAnswer(url!, expected!),
        [to.url, answer],
      );
    });
    const { commits, batches, frames, elapsed } = reading;
    expect(reading).toMatchObject({ isWhole: true, counted: TOKENS });
    const turns = frames + Math.ceil(elapsed / LONGEST_WAIT);
    expect(batches).toBeLessThanOrEqual(turns);
    expect(commits).toBeLessThanOrEqual(turns + OTHER_RENDERS);
    const layouts = await cpuTimesOf(browser, page, () =>
      page.evaluate((text) => layOut(text), answer),
    );
    longest.push(Math.max(...tasks) / Math.max(...layouts));
  } while (longest.at(-1)! >= LONG && longest.length < ROUNDS);
  expect(Math.min(...longest)).toBeLessThan(LONG);
  // StrictMode mounts twice, and asks once.
  expect(to.arrivals.map(({ request }) => request.method)).toEqual(longest.map(() => "POST"));
});
