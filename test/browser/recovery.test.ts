import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ResilientEventSource, ResilientEventSourceOptions } from "../../src/index.ts";
import { asReceived } from "../contract/engine-traits.ts";
import { dist } from "../support/package/dist.ts";
import { engine, type PageBrowser } from "../support/browsers/engines/engine.ts";
import { FaultServer } from "../support/server/fault-server.ts";
import { Random } from "../support/random.ts";
import { eventNames } from "../support/server/event-log.ts";
import { CutRoute, FiniteLog, LAST } from "../support/pages/page-cut-log.ts";
import { openPage, type OpenPage } from "../support/pages/page-open.ts";

// Ten events a cut; Firefox takes five times as long for one. Every cut costs at least the
// shortest wait of 100 ms, so they are shared out among sources that run at once.
const CUTS = { chromium: 1000, firefox: 200, webkit: 1000 }[engine.name];
const sizes = [
  // Elsewhere `npm test` does not come.
  ...(engine.name === "chromium" ? [{ cuts: 200 }] : []),
  { cuts: CUTS, tags: "slow" } as const,
];
/** Each with a server of its own. WebKitGTK has 17 connections in all. */
const PAGES = engine.name === "webkit" ? 2 : 4;
/** A page has six connections to a server. */
const SOURCES = 5;
const TOTAL = PAGES * SOURCES;

/** How long all the cuts of a source may take (ms). */
const PATIENCE = 600_000;

/** Serves the logs of one page. */
function serveLogs(server: FaultServer, page: number, cuts: number, resumeBy: "header" | "query") {
  return Array.from({ length: SOURCES }, (_, source) => {
    const random = new Random(1 + page * SOURCES + source);
    const log = new FiniteLog((10 * cuts) / TOTAL, random);
    if (resumeBy === "header")
      for (const [id, offset] of [...log.offsets]) log.offsets.set(asReceived(id), offset);
    return {
      log,
      route: new CutRoute(server, `/stream/${source}`, resumeBy, cuts / TOTAL, log, random),
    };
  });
}

type Logs = ReturnType<typeof serveLogs>;

function expectEverythingOnce(cuts: number, served: { logs: Logs; heard: string[][] }[]): void {
  const counts = new Map<string, number>();
  for (const { logs, heard } of served) {
    for (const [index, { log, route }] of logs.entries()) {
      // Compares one place: the difference of two whole logs would be unreadable.
      const wrong = log.expected.findIndex((event, position) => event !== heard[index]![position]);
      if (wrong >= 0)
        expect(heard[index]!.slice(wrong, wrong + 5)).toEqual(log.expected.slice(wrong, wrong + 5));
      expect(heard[index]).toHaveLength(log.expected.length);
      for (const [kind, count] of route.cuts) counts.set(kind, (counts.get(kind) ?? 0) + count);
    }
  }
  const {
    "by FIN": fin = 0,
    "by RST": rst = 0,
    anywhere = 0,
    ...hurting
  } = Object.fromEntries(counts);
  expect(fin + rst).toBe(cuts);
  expect(Math.min(fin, rst)).toBeGreaterThan(cuts / 4);
  expect(anywhere).toBeGreaterThan(cuts / 4);
  expect(Object.keys(hurting).sort()).toEqual([
    "before the blank line",
    "between CR and LF",
    "within UTF-8",
    "within a field name",
    "within an id",
  ]);
  for (const [kind, count] of Object.entries(hurting))
    expect(count, kind).toBeGreaterThan(cuts / 20);
}

describe("in a browser", () => {
  let browser: PageBrowser;
  let servers: FaultServer[];
  let pages: OpenPage[];

  beforeAll(async () => {
    browser = await engine.launch();
    servers = await Promise.all(Array.from({ length: PAGES }, () => FaultServer.start()));
    pages = await Promise.all(servers.map((server) => openPage(browser, server)));
  });
  afterAll(async () => {
    await browser.close();
    for (const server of servers) server.close();
  });

  const cases = {
    "the default transport, by the header": { transport: undefined, resumeBy: "header" },
    "fetch, by the header": { transport: "fetchTransport", resumeBy: "header" },
    "EventSource, by the query parameter": { transport: "eventSourceTransport", resumeBy: "query" },
  } as const;

  const variants = sizes.flatMap(({ cuts, ...options }) =>
    Object.entries(cases).map(([name, variant]) => ({ name, cuts, options, ...variant })),
  );
  for (const { name, cuts, options, transport, resumeBy } of variants) {
    const title = `${name}: ${cuts} cuts, and every event comes once and in order`;
    test(title, { timeout: PATIENCE, ...options }, async () => {
      const served = servers.map(async (server, index) => {
        const logs = serveLogs(server, index, cuts, resumeBy);
        const { page } = pages[index]!;
        await page.evaluate(
          ({ urls, names, transport }) => {
            for (const url of urls)
              connect(url, { transport, names, backoff: { startingDelay: 0 } });
          },
          { urls: logs.map(({ route }) => route.url), names: [...eventNames, LAST], transport },
        );
        const isOver = (): boolean =>
          watched.every(({ notes }) => notes().events.at(-1)?.type === "last") ||
          watched.some(({ source }) => source.readyState === 2);
        await page.waitFor(isOver, PATIENCE);
        const heard = await page.evaluate(() =>
          watched.map(({ notes }) =>
            notes().events.map(({ type, lastEventId, data }) => `${type}|${lastEventId}|${data}`),
          ),
        );
        expect(await pages[index]!.closeSources()).toEqual([]);
        return { logs, heard };
      });
      expectEverythingOnce(cuts, await Promise.all(served));
    });
  }
});

interface Library {
  ResilientEventSource: new (
    url: string,
    options: ResilientEventSourceOptions,
  ) => ResilientEventSource;
  fetchTransport: () => NonNullable<ResilientEventSourceOptions["transport"]>;
}

for (const { cuts, ...options } of sizes) {
  const title = `in Node, fetch, by the header: ${cuts} cuts, and every event comes once and in order`;
  test(title, { timeout: PATIENCE, ...options }, async ({ skip }) => {
    if (engine.name !== "chromium")
      skip("has nothing to do with the engine: it runs along with the tests in Chromium");
    const { ResilientEventSource, fetchTransport } = (await import(dist("index.js"))) as Library;
    const listen = (url: string): Promise<string[]> =>
      new Promise((resolve, reject) => {
        const heard: string[] = [];
        const source = new ResilientEventSource(url, {
          transport: fetchTransport(),
          backoff: { startingDelay: 0 },
        });
        for (const name of [...eventNames, LAST]) {
          source.on(name, (data, { lastEventId }) => {
            heard.push(`${name}|${lastEventId}|${data}`);
            if (name !== LAST) return;
            source.close();
            resolve(heard);
          });
        }
        source.addEventListener("error", ({ readyState, error }) => {
          if (readyState === 2) reject(error);
        });
      });
    const served = Array.from({ length: PAGES }, async (_, index) => {
      const server = await FaultServer.start();
      const logs = serveLogs(server, index, cuts, "header");
      const heard = await Promise.all(logs.map(({ route }) => listen(route.url)));
      server.close();
      return { logs, heard };
    });
    expectEverythingOnce(cuts, await Promise.all(served));
  });
}
