import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pageScript } from "../support/adapters/adapter-page.ts";
import { launchChromium } from "../support/browsers/browsers.ts";
import { Route } from "../support/pages/page-route.ts";
import { FaultServer } from "../support/server/fault-server.ts";
import type {} from "./pages/react-tokens.ts";

const TOKENS = 10_000;
/** The delivery of a batch does not wait longer than this (ms) for a frame. */
const LONGEST_WAIT = 100;
/** Renders for another reason than a token: the mount in StrictMode, and each state. */
const OTHER_RENDERS = 8;
/** From this duration on (ms) a task is long. */
const LONG = 50;
/** Other work on the machine prolongs tasks at random; work of our own that is too long, always. */
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
  const longest: number[] = [];
  const layouts: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const reading = await page.evaluate(
      ([url, expected]) => readAnswer(url!, expected!),
      [to.url, answer],
    );
    const { commits, batches, frames, elapsed, longTasks } = reading;
    expect(reading).toMatchObject({ isWhole: true, counted: TOKENS });
    const turns = frames + Math.ceil(elapsed / LONGEST_WAIT);
    expect(batches).toBeLessThanOrEqual(turns);
    expect(commits).toBeLessThanOrEqual(turns + OTHER_RENDERS);
    longest.push(Math.max(0, ...longTasks));
    layouts.push(await page.evaluate((text) => layOut(text), answer));
    if (longest.at(-1) === 0) break;
  }
  // On a machine where the layout of this text alone takes half of that, a long task is longer.
  expect(Math.min(...longest)).toBeLessThan(Math.max(LONG, 2 * Math.min(...layouts)));
  // StrictMode mounts twice, and asks once.
  expect(to.arrivals.map(({ request }) => request.method)).toEqual(longest.map(() => "POST"));
});
