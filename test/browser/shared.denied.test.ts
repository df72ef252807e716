import { networkInterfaces } from "node:os";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { engine, type PageBrowser } from "../support/browsers/engines/engine.ts";
import type { Page } from "../support/browsers/engines/page.ts";
import { dist } from "../support/package/dist.ts";
import { until } from "../support/pages/tab-browser.ts";
import { FaultServer, type FaultConnection } from "../support/server/fault-server.ts";

// Where the browser denies Web Locks or BroadcastChannel, sources work as without sharing.

/** Makes two sources, and tells the window above it what they do. */
const PAGE = `<!doctype html><title>denied</title><script type="module">
  import { fetchTransport, ResilientEventSource, sharedTransport } from "/dist/index.js";
  const report = { got: [], states: [], warnings: [], uncaught: [] };
  const tell = () => parent.postMessage(report, "*");
  console.warn = (...parts) => report.warnings.push(parts.join(" "));
  onerror = (message) => report.uncaught.push(message);
  onunhandledrejection = ({ reason }) => report.uncaught.push(String(reason));
  for (const index of [0, 1]) {
    const transport = sharedTransport(fetchTransport());
    const source = new ResilientEventSource("/stream", { transport, backoff: { startingDelay: 0 } });
    source.on("message", (data) => tell(report.got.push([index, data])));
    source.onstatechange = () => tell((report.states[index] = source.state));
  }
</script>`;

/** Keeps the latest report of the page in its frame, or of itself. */
const FRAME = (attributes: string): string => `<!doctype html><title>frame</title><script>
  onmessage = ({ data }) => { globalThis.report = data; };
</script><iframe ${attributes} src="/page"></iframe>`;

interface Report {
  got: [index: number, data: string][];
  states: { status: string; role?: string }[];
  warnings: string[];
  uncaught: string[];
}

/** An address of this machine that is not a loopback one: a browser trusts only those over HTTP. */
const lan = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === "IPv4" && !address.internal)?.address;

let browser: PageBrowser;
beforeAll(async () => {
  browser = await engine.launch();
});
afterAll(() => browser.close());

/** Opens the page, lets each source lose a connection, and returns the last report. */
async function visit(from: PageBrowser, path: string, host?: string): Promise<Report> {
  const server = await FaultServer.start(host);
  const live = new Set<FaultConnection>();
  let requests = 0;
  server.serve(
    "/stream",
    (_, connection) => {
      live.add(connection);
      connection.head().write(`id: ${++requests}\ndata: ${requests}\n\n`);
    },
    { cors: true },
  );
  for (const file of readdirSync(dist("")).filter((name) => name.endsWith(".js")))
    server.servePage(`/dist/${file}`, readFileSync(dist(file), "utf8"), {
      "Content-Type": "text/javascript; charset=utf-8",
      "Access-Control-Allow-Origin": "*",
    });
  server.servePage("/page", PAGE);
  server.servePage("/frame", FRAME(""));
  server.servePage("/sandboxed", FRAME('sandbox="allow-scripts"'));
  let page: Page | undefined;
  try {
    page = await from.open(server.origin + path);
    const read = (): Promise<Report | undefined> =>
      page!.evaluate(() => (globalThis as { report?: Report }).report);
    await until(async () => (await read())?.got.length === 2, "an event for each source");
    for (const connection of live) connection.reset();
    await until(async () => (await read())?.got.length === 4, "another one");
    await until(
      async () => (await read())?.states.every(({ status }) => status === "open"),
      "open sources",
    );
    expect(requests).toBe(4);
    return (await read())!;
  } finally {
    await page?.close();
    server.close();
  }
}

function expectAlone(report: Report, reason: RegExp): void {
  expect(report.uncaught).toEqual([]);
  expect(report.got.map(([index]) => index).sort()).toEqual([0, 0, 1, 1]);
  for (const state of report.states) expect(state).not.toHaveProperty("role");
  expect(report.warnings).toEqual([expect.stringMatching(reason)]);
}

const ALONE = "every source has a connection of its own: ";
const DENIED = new RegExp(`${ALONE}the browser denies it, as it does in sandboxed frames`);

test("a sandboxed frame: as without sharing, with one warning", async () => {
  expectAlone(await visit(browser, "/sandboxed"), DENIED);
});

test("plain HTTP to an address in the LAN: as without sharing, and HTTPS would help", async (context) => {
  if (!lan) return context.skip("this machine has no address but loopback ones");
  expectAlone(await visit(browser, "/frame", lan), new RegExp(`${ALONE}Web Locks need HTTPS`));
});

test("blocked cookies: as without sharing, with one warning", async (context) => {
  const { launchWithoutCookies: launch } = engine;
  if (!launch)
    return context.skip("only the driver of Firefox reaches a setting that denies channels");
  const strict = await launch();
  try {
    expectAlone(await visit(strict, "/frame"), DENIED);
  } finally {
    await strict.close();
  }
});
