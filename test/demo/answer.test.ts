import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launchChromium } from "../support/browsers/browsers.ts";
import { startDemoPage, violations, type DemoPage } from "../support/demo/demo-page.ts";
import { statusOf } from "../support/server/status-of.ts";

let browser: Browser;
let demo: DemoPage;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  demo = await startDemoPage(browser);
  page = demo.page;
  await page.goto(`${demo.server.address}answer.html`);
});
afterEach(() => demo.close());

type Reader = "plain" | "package" | "ours";
const part = (reader: Reader, selector: string): Promise<string> =>
  page.locator(`[data-reader=${reader}] ${selector}`).innerText();
const status = (reader: Reader): Promise<string> => part(reader, ".badge");
const fact = (reader: Reader, name: string): Promise<string> => part(reader, `.${name} dd`);
const facts = async (reader: Reader): Promise<string[]> => [
  await status(reader),
  await fact(reader, "posts"),
  await fact(reader, "lost"),
  await fact(reader, "doubled"),
];
const press = (name: string): Promise<void> =>
  page.getByRole("button", { name, exact: true }).click();
const setPace = (pace: number): Promise<void> => page.locator("#pace").fill(String(pace));
const text = (reader: Reader): Promise<string> => part(reader, ".text");

/** All readers are done, and the sentence about them is there. */
const summary = async (): Promise<string> => {
  await expect.poll(() => page.locator("#cut").isDisabled()).toBe(true);
  return page.locator("#news").innerText();
};

/** Asks, and cuts the answers when each reader has some words. */
async function askAndCut(): Promise<void> {
  // Slow enough to be cut in time on a busy machine.
  await setPace(150);
  await press("Ask");
  for (const reader of ["plain", "package", "ours"] as const)
    await expect.poll(async () => (await text(reader)).length).toBeGreaterThan(100);
  await press("Cut the connections");
}

test("without a fault every reader has every word once, by one POST", async () => {
  await setPace(500);
  await press("Ask");
  const news = await summary();
  for (const reader of ["plain", "package", "ours"] as const)
    expect(await facts(reader)).toEqual(["Done", "1", "0", "0"]);
  expect(new Set([await text("plain"), await text("package"), await text("ours")]).size).toBe(1);
  expect(news.match(/asked once and has every word once/g)).toHaveLength(3);
});

test("a cut: one reader loses words, one asks and pays twice, ours resumes", async () => {
  await askAndCut();
  const news = await summary();
  const [plain, lost] = [await facts("plain"), await fact("plain", "lost")];
  expect(plain).toEqual(["Failed", "1", lost, "0"]);
  expect(Number(lost)).toBeGreaterThan(0);
  const [twice, doubled] = [await facts("package"), await fact("package", "doubled")];
  expect(twice).toEqual(["Done", "2", "0", doubled]);
  expect(Number(doubled)).toBeGreaterThan(0);
  expect(await facts("ours")).toEqual(["Done", "1 + 1 GET", "0", "0"]);
  expect(await fact("ours", "says")).toMatch(/^the connection was cut: .*; again in \d\.\d s$/);
  expect(news).toContain(
    "ResilientEventSource asked once, resumed by GET, and has every word once.",
  );
});

test("a cut, where the server keeps nothing: ours asks once, and says why it has half", async () => {
  await page.locator("#resumes").uncheck();
  await askAndCut();
  await summary();
  const lost = await fact("ours", "lost");
  expect(await facts("ours")).toEqual(["Failed", "1", lost, "0"]);
  expect(Number(lost)).toBeGreaterThan(0);
  expect(await fact("ours", "says")).toMatch(/^the connection was cut/);
});

test.each([true, false])(
  "429: ours says so, waits and asks again (resumes: %j)",
  async (resumes) => {
    await page.locator("#resumes").setChecked(resumes);
    await setPace(500);
    await press("Ask, and refuse with 429");
    await expect.poll(() => status("ours")).toBe("Waiting");
    expect(await fact("ours", "says")).toMatch(/“Too many questions at once.”; again in \d\.\d s$/);
    await summary();
    expect(await facts("plain")).toEqual(["Failed", "1", "all", "0"]);
    expect(await facts("ours")).toEqual(["Done", "2", "0", "0"]);
  },
);

test("asking again ends the answers before, and starts from an empty page", async () => {
  await setPace(50);
  await press("Ask");
  await expect.poll(async () => (await text("ours")).length).toBeGreaterThan(10);
  await setPace(500);
  await page.locator("#prompt").fill("Again?");
  await page.locator("#prompt").press("Enter");
  await summary();
  expect((await text("ours")).match(/“.*?”/g)).toEqual(["“Again?”"]);
  expect(await facts("ours")).toEqual(["Done", "1", "0", "0"]);
});

test("axe finds nothing after a cut, in light and in dark, on a phone", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await askAndCut();
  await summary();
  expect(await violations(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
});

test("the server refuses other pages, other methods, and what is not a question", async () => {
  const ask = (path: string, init: RequestInit): Promise<number> =>
    fetch(`${demo.server.address}ask/${path}`, init).then(({ status }) => status);
  const body = JSON.stringify({ prompt: "Hi", pace: 100 });
  expect(await ask("1/plain", { method: "PUT", body })).toBe(405);
  expect(await ask("1/nobody", { method: "POST", body })).toBe(404);
  expect(await ask("1/ours", {})).toBe(404);
  expect(await ask(`${"x".repeat(50)}/ours`, { method: "POST", body })).toBe(404);
  for (const wrong of [
    "",
    "{",
    "null",
    '{"prompt":"Hi"}',
    '{"prompt":1,"pace":1}',
    "x".repeat(9999),
  ])
    expect(await ask("1/plain", { method: "POST", body: wrong })).toBe(400);
  const foreign = { Origin: "https://example.com" };
  expect(await statusOf(`${demo.server.address}ask/1/plain`, "POST", foreign)).toBe(403);
});
