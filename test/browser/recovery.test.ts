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

// 10,000 events, 1,000 cuts; Firefox takes five times as long for one. Every cut costs at least the shortest wait of 100 ms, so they are shared out among sources that run at once.
const EVENTS = 10_000;
const CUTS = { chromium: 1000, firefox: 200, webkit: 1000 }[engine.name];
/** Each with a server of its own. WebKitGTK has 17 connections in all. */
const PAGES = engine.name === "webkit" ? 2 : 4;
/** A page has six connections to a server. */
const SOURCES = 5;
const TOTAL = PAGES * SOURCES;

const PATIENCE = 180_000;

/** Serves the logs of one page. */
function serveLogs(server: FaultServer, page: number, resumeBy: "header" | "query") {
  return Array.from({ length: SOURCES }, (_, source) => {
    const random = new Random(1 + page * SOURCES + source);
    const log = new FiniteLog(EVENTS / TOTAL, random);
    if (resumeBy === "header")
      for (const [id, offset] of [...log.offsets]) log.offsets.set(asReceived(id), offset);
    return {
      log,
      route: new CutRoute(server, `/stream/${source}`, resumeBy, CUTS / TOTAL, log, random),
    };
  });
}

type Logs = ReturnType<typeof serveLogs>;

function expectEverythingOnce(served: { logs: Logs; heard: string[][] }[]): void {
  const cuts = new Map<string, number>();
  for (const { logs, heard } of served) {
    for (const [index, { log, route }] of logs.entries()) {
      // Not compared as wholes: the difference would be unreadable.
      const wrong = log.expected.findIndex((event, position) => event !== heard[index]![position]);
      if (wrong >= 0)
        expect(heard[index]!.slice(wrong, wrong + 5)).toEqual(log.expected.slice(wrong, wrong + 5));
      expect(heard[index]).toHaveLength(log.expected.length);
      for (const [kind, count] of route.cuts) cuts.set(kind, (cuts.get(kind) ?? 0) + count);
    }
  }
  const {
    "by FIN": fin = 0,
    "by RST": rst = 0,
    anywhere = 0,
    ...hurting
  } = Object.fromEntries(cuts);
  expect(fin + rst).toBe(CUTS);
  expect(Math.min(fin, rst)).toBeGreaterThan(CUTS / 4);
  expect(anywhere).toBeGreaterThan(CUTS / 4);
  expect(Object.keys(hurting).sort()).toEqual([
    "before the blank line",
    "between CR and LF",
    "within UTF-8",
    "within a field name",
    "within an id",
  ]);
  for (const [kind, count] of Object.entries(hurting))
    expect(count, kind).toBeGreaterThan(CUTS / 20);
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

  test.each(Object.entries(cases))(
    `%s: ${CUTS} cuts, and every event comes once and in order`,
    async (_, { transport, resumeBy }) => {
      const served = servers.map(async (server, index) => {
        const logs = serveLogs(server, index, resumeBy);
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
      expectEverythingOnce(await Promise.all(served));
    },
    PATIENCE,
  );
});

interface Library {
  ResilientEventSource: new (
    url: string,
    options: ResilientEventSourceOptions,
  ) => ResilientEventSource;
  fetchTransport: () => NonNullable<ResilientEventSourceOptions["transport"]>;
}

test(
  `in Node, fetch, by the header: ${CUTS} cuts, and every event comes once and in order`,
  async ({ skip }) => {
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
      const logs = serveLogs(server, index, "header");
      const heard = await Promise.all(logs.map(({ route }) => listen(route.url)));
      server.close();
      return { logs, heard };
    });
    expectEverythingOnce(await Promise.all(served));
  },
  PATIENCE,
);
