import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startDemoServer } from "../../demo/server.mjs";
import { runDemo } from "../support/demo-process.ts";
import { dist } from "../support/dist.ts";
import { engine, type PageBrowser } from "../support/engines/engine.ts";
import type { Page } from "../support/engines/page.ts";

type DemoServer = Awaited<ReturnType<typeof startDemoServer>>;

/** The initiator of an EventSource's request: what the resource timing has no word for, but in WebKit. */
const NATIVE = engine.name === "webkit" ? "eventsource" : "other";

const patience = { timeout: 30_000 };

let server: DemoServer;

beforeEach(async () => {
  // Five times as fast as it is for people.
  server = await startDemoServer({ port: 0, interval: 200 });
});
afterEach(() => server.close());

const newestId = (): number => server.stream.log.at(-1)?.id ?? 0;

describe("the pages", () => {
  let browser: PageBrowser;
  let page: Page;

  beforeAll(async () => {
    browser = await engine.launch();
  });
  afterAll(() => browser.close());

  afterEach(async () => {
    expect(await page.evaluate(() => complaints)).toEqual([]);
    const requests = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
    expect(requests.filter((url) => !url.startsWith(server.address))).toEqual([]);
    await page.close();
  });

  /** Opens a page whose jitter draws this part of every delay. */
  async function open(file: string, jitter: number): Promise<void> {
    page = await browser.open(server.address + file);
    await page.evaluate((part) => {
      Math.random = () => part;
      globalThis.complaints = [];
      addEventListener("error", ({ message }) => complaints.push(message));
      addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));
    }, jitter);
  }
  const text = (selector: string): Promise<string> => page.evaluate((selector) => document.querySelector(selector)!.textContent, selector);
  const texts = (selector: string): Promise<string[]> =>
    page.evaluate((selector) => Array.from(document.querySelectorAll(selector), ({ textContent }) => textContent), selector);
  const isDisabled = (name: string): Promise<boolean> =>
    page.evaluate((name) => Array.from(document.querySelectorAll("button")).find(({ innerText }) => innerText === name)!.disabled, name);
  /** Presses a button as soon as it can be pressed. */
  const press = async (name: string): Promise<void> => {
    await expect.poll(() => isDisabled(name), patience).toBe(false);
    await page.evaluate(
      (name) =>
        Array.from(document.querySelectorAll("button"))
          .find(({ innerText }) => innerText === name)!
          .click(),
      name,
    );
  };
  const state = (): Promise<string> => text("[role=status]");
  const becomes = (expected: string): Promise<void> => expect.poll(state, patience).toBe(expected);
  const attempt = async (): Promise<number> => Number((await text("#attempt")).replace("retry ", ""));
  const countdown = async (): Promise<number> => Number(/^Next attempt in ([\d.]+) s$/.exec(await text("[role=timer]"))?.[1]);
  const lines = (type: string): Promise<string[]> => texts(`#log [data-type=${type}]`);
  /** The ids and texts of the messages on the page, oldest first. */
  const messages = (): Promise<{ id: number; data: string }[]> =>
    page.evaluate(() =>
      Array.from(document.querySelectorAll<HTMLElement>("#log [data-id]"), ({ dataset, lastChild }) => ({
        id: Number(dataset.id),
        data: lastChild?.textContent ?? "",
      })).reverse(),
    );
  /** What asked for the stream, each time that it came to an end. */
  const initiators = (): Promise<string[]> =>
    page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .filter(({ name }) => name.endsWith("/stream"))
        .map((entry) => (entry as PerformanceResourceTiming).initiatorType),
    );
  const heard = async (id: number): Promise<void> => {
    await expect.poll(async () => (await messages()).at(-1)?.id, patience).toBeGreaterThanOrEqual(id);
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
    await expect.poll(attempt, patience).toBeGreaterThanOrEqual(3);
    await expect.poll(countdown, patience).toBeGreaterThan(0.3);
    const shown = await countdown();
    await expect.poll(countdown, patience).toBeLessThan(shown);
    expect(await text("#failure")).toMatch(/^the server was not reached \(network\)/);
    const missed = newestId() - (await messages()).at(-1)!.id;
    expect(missed).toBeGreaterThan(3);

    await press("Start the stream");
    await becomes("Open");
    await heard(newestId() + 3);
    expect(await lines("connecttime")).toHaveLength(2);

    await press("Stop the stream");
    await becomes("Waiting");
    // Nothing lost, nothing twice: what the page got is what the server logged.
    const received = await messages();
    const from = server.stream.log.findIndex(({ id }) => id === received[0]!.id);
    expect(received).toEqual(server.stream.log.slice(from, from + received.length));
    expect(await text("#received")).toBe(String(received.length));
    expect(await text("#lost")).toBe("0");
    expect(await text("#repeated")).toBe("0");
    await expect.poll(async () => (await initiators()).length, patience).toBeGreaterThan(1);
    const [firstOne, ...others] = await initiators();
    expect(firstOne).toBe(first);
    expect(new Set(others)).toEqual(new Set([later]));
  });

  test("Reconnect now replaces a live connection, and cuts a wait short", async () => {
    await open("module.html", 0.999);
    await heard(1);
    await press("Reconnect now");
    // By fetch now, which has seen the server's "retry: 10000".
    await expect.poll(() => lines("connecttime"), patience).toHaveLength(2);

    await press("Stop the stream");
    await becomes("Waiting");
    const wait = await countdown();
    const began = Date.now();
    expect(wait).toBeGreaterThan(5);
    await press("Start the stream");
    await press("Reconnect now");
    await becomes("Open");
    expect(Date.now() - began).toBeLessThan(wait * 1000);
  });

  test("Close is final; Connect again resumes after the last id", async () => {
    await open("module.html", 0.1);
    await heard(2);
    await press("Close");
    await becomes("Closed");
    await expect.poll(() => server.stream.clients, patience).toBe(0);
    expect(await isDisabled("Reconnect now")).toBe(true);
    const last = (await messages()).at(-1)!.id;
    await expect.poll(newestId, patience).toBeGreaterThan(last + 2);
    expect((await messages()).at(-1)!.id).toBe(last);

    await press("Connect again");
    await heard(newestId() + 1);
    expect(await text("#lost")).toBe("0");
    expect(await text("#repeated")).toBe("0");
  });

  test("says so where the demo server is gone", async () => {
    await open("module.html", 0.1);
    await heard(1);
    await server.close();
    await becomes("Waiting");
    await press("Start the stream");
    await expect.poll(() => lines("error"), patience).toContainEqual(expect.stringContaining("The server does not answer"));
  });
});

describe("the server", () => {
  /** Reads a stream until the text has come. */
  async function read(path: string, until: string, headers: Record<string, string> = {}): Promise<string> {
    const controller = new AbortController();
    const response = await fetch(server.address + path, { headers, signal: controller.signal });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes(until)) break;
    }
    controller.abort();
    return text;
  }

  test("begins with a comment, the reconnection time and the time of the connection", async () => {
    const text = await read("stream", "id:1\n");
    expect(text).toMatch(/^:\n\nretry: 10000\nid: 0\nevent: connecttime\ndata: .+\n\nid:1\ndata:.+\n\n/);
  });

  test.each([
    ["the header", "stream", { "Last-Event-ID": "2" }],
    ["the query parameter", "stream?lastEventId=2", {}],
  ])("replays what came after the id in %s", async (_, path, headers) => {
    await read("stream", "id:5\n");
    const text = await read(path, "id:6\n", headers);
    expect(text.match(/^id:.*$/gm)).toEqual(["id:3", "id:4", "id:5", "id:6"]);
    expect(text).toContain('id:5\ndata:{"type":"heartbeat"}\n\n');
  });

  test("counts on from what a client knows after a restart", async () => {
    expect(await read("stream?lastEventId=41", "id:42\n")).toContain("id:42\n");
  });

  test("makes no events when nobody has listened for a while", async () => {
    const short = await startDemoServer({ port: 0, interval: 20, grace: 50 });
    const controller = new AbortController();
    await fetch(`${short.address}stream`, { signal: controller.signal });
    await expect.poll(() => short.stream.log.length, patience).toBeGreaterThan(5);
    expect(short.stream.ticking).toBe(true);
    controller.abort();
    await expect.poll(() => short.stream.ticking, patience).toBe(false);
    expect(short.stream.clients).toBe(0);
    await short.close();
  });

  test.each([
    ["", "text/html; charset=utf-8"],
    ["polyfill.html?x=1", "text/html; charset=utf-8"],
    ["demo.css", "text/css; charset=utf-8"],
    ["demo.js", "text/javascript; charset=utf-8"],
    ["page/main.js", "text/javascript; charset=utf-8"],
    ["uplot/uPlot.esm.js", "text/javascript; charset=utf-8"],
    ["icon.svg", "image/svg+xml"],
    ["dist/index.js.map", "application/json"],
  ])("serves /%s as %s", async (path, type) => {
    const response = await fetch(server.address + path);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, type]);
  });

  test("serves the built library as it is", async () => {
    const response = await fetch(`${server.address}dist/resilient-eventsource.min.js`);
    expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(await response.text()).toBe(readFileSync(dist("resilient-eventsource.min.js"), "utf8"));
  });

  test.each([
    "..%2fpackage.json",
    "dist/..%2f..%2frollup.config.js",
    "dist/..%2fsrc/%69ndex.ts",
    "%00.html",
    "%zz.html",
    "dist/",
    "none.html",
    "server.mjs",
    "uplot/..%2fpackage.json",
  ])("has no /%s", async (path) => {
    expect((await fetch(server.address + path)).status).toBe(404);
  });

  test("says that its port is in use, and ends with code 1", async () => {
    const { code, output } = await runDemo({ PORT: String(server.port) });
    expect(output).toBe(`Port ${server.port} is in use. Choose another one, for example: PORT=${server.port + 1} npm run demo\n`);
    expect(code).toBe(1);
  });

  test("says what PORT must be, and ends with code 1", async () => {
    const { code, output } = await runDemo({ PORT: "http" });
    expect(output).toBe('PORT must be a number from 0 to 65535, got "http".\n');
    expect(code).toBe(1);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("prints its address, and ends cleanly at %s although a client listens", async (signal) => {
    const { code, output } = await runDemo({ PORT: "0" }, (child, text) => {
      const [address] = /http:\S+/.exec(text)!;
      void fetch(`${address}stream`).then(() => child.kill(signal));
    });
    expect(output).toMatch(/^The demo is at http:\/\/localhost:\d+\/ /);
    expect(code).toBe(0);
  });
});

declare global {
  var complaints: string[];
}
