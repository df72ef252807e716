import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { startDemoServer } from "../../demo/server.mjs";
import { engine, type PageBrowser } from "../support/browsers/engines/engine.ts";
import type { Page } from "../support/browsers/engines/page.ts";

/** The initiator type of an EventSource's request in resource timing: "other", except in WebKit. */
const NATIVE = engine.name === "webkit" ? "eventsource" : "other";

let browser: PageBrowser;
let server: Awaited<ReturnType<typeof startDemoServer>>;
let page: Page;

beforeAll(async () => {
  browser = await engine.launch();
});
afterAll(() => browser.close());

beforeEach(async () => {
  // Five times as fast as for people.
  server = await startDemoServer({ port: 0, interval: 200 });
});
afterEach(() => server.close());
afterEach(async () => {
  expect(await page.evaluate(() => complaints)).toEqual([]);
  const requests = await page.evaluate(() =>
    performance.getEntriesByType("resource").map(({ name }) => name),
  );
  expect(requests.filter((url) => !url.startsWith(server.address))).toEqual([]);
  await page.close();
});

const newestId = (): number => server.stream.log.at(-1)?.id ?? 0;

/** Opens a page whose jitter always draws this part of the delay. */
async function open(file: string, jitter: number): Promise<void> {
  page = await browser.open(server.address + file);
  await page.evaluate((part) => {
    Math.random = () => part;
    globalThis.complaints = [];
    addEventListener("error", ({ message }) => complaints.push(message));
    addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));
  }, jitter);
}
const text = (selector: string): Promise<string> =>
  page.evaluate((selector) => document.querySelector(selector)!.textContent, selector);
const texts = (selector: string): Promise<string[]> =>
  page.evaluate(
    (selector) => Array.from(document.querySelectorAll(selector), ({ textContent }) => textContent),
    selector,
  );
const isDisabled = (name: string): Promise<boolean> =>
  page.evaluate(
    (name) =>
      Array.from(document.querySelectorAll("button")).find(({ innerText }) => innerText === name)!
        .disabled,
    name,
  );
/** Presses a button as soon as it is enabled. */
const press = async (name: string): Promise<void> => {
  await expect.poll(() => isDisabled(name)).toBe(false);
  await page.evaluate(
    (name) =>
      Array.from(document.querySelectorAll("button"))
        .find(({ innerText }) => innerText === name)!
        .click(),
    name,
  );
};
const state = (): Promise<string> => text("[role=status]");
const becomes = (expected: string): Promise<void> => expect.poll(state).toBe(expected);
const attempt = async (): Promise<number> => Number((await text("#attempt")).replace("retry ", ""));
const countdown = async (): Promise<number> =>
  Number(/^Next attempt in ([\d.]+) s$/.exec(await text("[role=timer]"))?.[1]);
const lines = (type: string): Promise<string[]> => texts(`#log [data-type=${type}]`);
/** The ids and texts of the messages on the page, oldest first. */
const messages = (): Promise<{ id: number; data: string }[]> =>
  page.evaluate(() =>
    Array.from(
      document.querySelectorAll<HTMLElement>("#log [data-id]"),
      ({ dataset, lastChild }) => ({
        id: Number(dataset.id),
        data: lastChild?.textContent ?? "",
      }),
    ).reverse(),
  );
/** The initiator of each request for the stream that has ended. */
const initiators = (): Promise<string[]> =>
  page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter(({ name }) => name.endsWith("/stream"))
      .map((entry) => (entry as PerformanceResourceTiming).initiatorType),
  );
const heard = async (id: number): Promise<void> => {
  await expect.poll(async () => (await messages()).at(-1)?.id).toBeGreaterThanOrEqual(id);
};

test.each([
  ["module.html", NATIVE, "fetch"],
  ["script-tag.html", NATIVE, "fetch"],
  ["polyfill.html", "xmlhttprequest", "xmlhttprequest"],
])("%s survives a stop of the stream: by %s, then by %s", async (file, first, later) => {
  await open(file, 0.1);
  await becomes("Open");
  await heard(6);
  expect(await lines("connecttime")).toHaveLength(1);
  expect(await lines("heartbeat")).not.toEqual([]);

  await press("Stop the stream");
  await becomes("Waiting");
  await expect.poll(attempt).toBeGreaterThanOrEqual(3);
  let shown = 0;
  await expect.poll(async () => (shown = await countdown())).toBeGreaterThan(0.3);
  await expect.poll(countdown).toBeLessThan(shown);
  expect(await text("#failure")).toMatch(/^the server was not reached: .* \(network\)/);
  const last = (await messages()).at(-1)!.id;
  await expect.poll(newestId).toBeGreaterThan(last + 3);

  await press("Start the stream");
  await becomes("Open");
  await heard(newestId() + 3);
  expect(await lines("connecttime")).toHaveLength(2);

  await press("Stop the stream");
  await becomes("Waiting");
  // Nothing lost, nothing twice: the page's messages are those of the server's log.
  const received = await messages();
  const from = server.stream.log.findIndex(({ id }) => id === received[0]!.id);
  expect(received).toEqual(server.stream.log.slice(from, from + received.length));
  expect(await text("#received")).toBe(String(received.length));
  expect(await text("#lost")).toBe("0");
  expect(await text("#repeated")).toBe("0");
  await expect.poll(async () => (await initiators()).length).toBeGreaterThan(1);
  const [firstOne, ...others] = await initiators();
  expect(firstOne).toBe(first);
  expect(new Set(others)).toEqual(new Set([later]));
});

test("Reconnect now replaces a live connection, and interrupts a wait", async () => {
  await open("module.html", 0.999);
  await heard(1);
  await press("Reconnect now");
  // Now by fetch, which has read the server's "retry: 10000".
  await expect.poll(() => lines("connecttime")).toHaveLength(2);

  // The wait that follows does not end before the test does: only the button can end it.
  await page.evaluate(() => {
    const { setTimeout } = globalThis;
    const slowed = (run: () => void, ms = 0): unknown =>
      setTimeout(run, ms > 5000 ? ms * 1000 : ms);
    globalThis.setTimeout = slowed as typeof globalThis.setTimeout;
  });
  await press("Stop the stream");
  await becomes("Waiting");
  expect(await countdown()).toBeGreaterThan(5);
  await press("Start the stream");
  await press("Reconnect now");
  await becomes("Open");
});

test("Close is final; Connect again resumes after the last id", async () => {
  await open("module.html", 0.1);
  await heard(2);
  await press("Close");
  await becomes("Closed");
  await expect.poll(() => server.stream.clients).toBe(0);
  expect(await isDisabled("Reconnect now")).toBe(true);
  const last = (await messages()).at(-1)!.id;
  await expect.poll(newestId).toBeGreaterThan(last + 2);
  expect((await messages()).at(-1)!.id).toBe(last);

  await press("Connect again");
  await heard(newestId() + 1);
  expect(await text("#lost")).toBe("0");
  expect(await text("#repeated")).toBe("0");
});

test("says so if the demo server is gone", async () => {
  await open("module.html", 0.1);
  await heard(1);
  await server.close();
  await becomes("Waiting");
  await press("Start the stream");
  await expect
    .poll(() => lines("error"))
    .toContainEqual(expect.stringContaining("The server does not answer"));
});

declare global {
  var complaints: string[];
}
