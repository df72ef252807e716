import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type * as library from "../../src/index.ts";
import { dist } from "../support/package/dist.ts";
import { engine, needs, type TabBrowser } from "../support/browsers/engines/engine.ts";
import { numbers, Tab, until, type TabOptions } from "../support/pages/tab-browser.ts";
import { TabLog } from "../support/pages/tab-log.ts";

let browser: TabBrowser;
let log: TabLog;
const tabs: Tab[] = [];
beforeAll(async () => {
  browser = await engine.launchTabs();
});
afterAll(() => browser.close());
beforeEach(async () => {
  log = await TabLog.start();
});
afterEach(async () => {
  for (const { page } of tabs.splice(0)) await page.close();
  await until(() => log.connections === 0, "no connection left");
  log.close();
});

async function load(): Promise<Tab> {
  const tab = await Tab.open(browser, log);
  tabs.push(tab);
  return tab;
}

/** A tab whose source has received the events up to number 3. */
async function open(options?: TabOptions): Promise<Tab> {
  const tab = await load();
  await tab.connect(options);
  await tab.reaches("open");
  log.publish(3);
  await tab.reads(3);
  return tab;
}

/** No attempt within the patience of a test unless something cuts the wait. */
const rare = { startingDelay: 1_200_000, maxDelay: 1_200_000, jitter: "none" } as const;

/** Every event came once and in order, and no error was dispatched. */
async function expectEverything(tab: Tab): Promise<void> {
  log.publish();
  await tab.reads(log.last);
  expect(await tab.heard()).toMatchObject({ got: numbers(1, log.last), errors: [] });
}

const transports = ["fetch", "default", "shared", "shared default"] as const;

/** `npm test` has the default transport, for one page and for all tabs. */
function testEach(
  title: string,
  run: (transport: (typeof transports)[number]) => Promise<void>,
): void {
  for (const transport of transports) {
    const options = transport.endsWith("default") ? {} : ({ tags: "slow" } as const);
    test(`${transport}: ${title}`, options, () => run(transport));
  }
}

describe("the network goes away and comes back", () => {
  /** A name for this machine that does not say so: the browser takes it for a host of the network. */
  const unreachable = "http://server.invalid/log";
  /** The longest wait after `online` (ms). */
  const SPREAD = 1000;
  /** Records the waits (ms) that the page asks for from now on: a busy machine prolongs them. */
  const recordWaits = (tab: Tab): Promise<void> =>
    tab.page.evaluate(() => {
      const { setTimeout } = globalThis;
      globalThis.waits = [];
      const recording = (run: () => void, ms = 0): unknown => {
        waits.push(ms);
        return setTimeout(run, ms);
      };
      globalThis.setTimeout = recording as typeof globalThis.setTimeout;
    });

  testEach(
    "a server on this machine is a server as ever; online cuts the wait, and the id resumes",
    async (transport) => {
      needs("setOffline");
      const tab = await open({ transport, backoff: rare });
      await tab.setOffline(true);
      log.cut();
      await tab.reaches("waiting");
      log.publish(3);
      await tab.setOffline(false);
      await tab.reaches("open");
      expect(log.asked.slice(0, 2)).toEqual(["", "3"]);
      log.publish();
      await tab.reads(7);
      expect((await tab.heard()).got).toEqual(numbers(1, 7));
    },
  );

  test("a server elsewhere that cannot be reached: paused, without an error, until reconnect() or online", async () => {
    needs("setOffline");
    const tab = await load();
    await tab.setOffline(true);
    await tab.connect({ path: unreachable, backoff: rare });
    await tab.reaches("paused");
    expect(await tab.state()).toMatchObject({ status: "paused", reason: "offline" });
    const attempts = async (): Promise<number> =>
      (await tab.heard()).states.filter(({ status }) => status === "connecting").length;
    expect(await attempts()).toBe(0);
    await tab.reconnect();
    await until(async () => (await attempts()) === 1, "an attempt");
    await tab.reaches("paused");
    expect((await tab.heard()).errors).toEqual([]);
    await tab.setOffline(false);
    await until(async () => (await attempts()) === 2, "another one");
    await tab.reaches("waiting");
    expect((await tab.heard()).errors).toEqual(["network"]);
  });

  test("twenty sources of a page come back spread over a second", async () => {
    needs("setOffline");
    const tab = await load();
    await tab.setOffline(true);
    // Not six connections at a time: each gets an answer that ends.
    log.refuses = 403;
    for (let index = 0; index < 20; index++) await tab.connect({ backoff: rare });
    await until(
      async () =>
        (await Promise.all(Array.from({ length: 20 }, (_, index) => tab.heard(index)))).every(
          ({ state }) => state.status === "waiting",
        ),
      "twenty sources that wait",
    );
    await recordWaits(tab);
    await tab.setOffline(false);
    await until(() => log.requests === 20, "twenty requests");
    const drawn = (await tab.page.evaluate(() => waits)).slice(0, 20);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(SPREAD);
    // Twenty even draws from a second lie within 300 ms once in 10^9 times.
    expect(Math.max(...drawn) - Math.min(...drawn)).toBeGreaterThan(300);
  });
});

describe("the back-forward cache", () => {
  const ROUNDS = 3;

  testEach("the page is cached, and resumes from its last id", async (transport) => {
    needs("cachesStreaming");
    const tab = await open({ transport, pauseWhenHidden: 60_000 });
    for (let round = 1; round <= ROUNDS; round++) {
      await tab.leave(log);
      await until(() => log.connections === 0, "no connection of a page that is not there");
      log.publish(3);
      expect(await tab.comeBack(log)).toBe(true);
      await expectEverything(tab);
      expect(log.requests).toBe(round + 1);
    }
    const { states } = await tab.heard();
    expect(
      states
        .map(({ status }) => status)
        .filter((status) => status === "waiting" || status === "closed"),
    ).toEqual([]);
  });

  test("a page whose source waits is cached, too", async () => {
    log.refuses = 503;
    const tab = await load();
    await tab.connect({ backoff: { startingDelay: 60_000, jitter: "none", maxDelay: 60_000 } });
    await tab.reaches("waiting");
    await tab.leave(log);
    log.refuses = undefined;
    expect(await tab.comeBack(log)).toBe(true);
    await tab.reaches("open");
  });

  test("a closed source does not come back with its page", async () => {
    const tab = await open();
    await tab.closeSources();
    await tab.leave(log);
    expect(await tab.comeBack(log)).toBe(true);
    expect((await tab.heard()).state).toEqual({ status: "closed" });
    expect(log.requests).toBe(1);
  });
});

testEach(
  "a frozen page disconnects, and resumes from its last id when it is back",
  async (transport) => {
    needs("setFrozen");
    const tab = await open({ transport });
    await tab.setFrozen(true);
    await tab.reaches("paused");
    expect(await tab.state()).toEqual({ status: "paused", reason: "frozen" });
    await until(() => log.connections === 0, "no connection");
    log.publish(3);
    await tab.setFrozen(false);
    await expectEverything(tab);
    expect(log.asked).toEqual(["", "3"]);
  },
);

describe("pauseWhenHidden", () => {
  test("disconnects a tab behind another one, and resumes when it is visible again", async () => {
    const tab = await open({ pauseWhenHidden: 500 });
    const other = await load();
    await other.bringToFront();
    await tab.reaches("paused");
    expect(await tab.state()).toEqual({ status: "paused", reason: "hidden" });
    await until(() => log.connections === 0, "no connection");
    log.publish(3);
    await tab.bringToFront();
    await expectEverything(tab);
    expect(log.asked).toEqual(["", "3"]);
  });

  test("without it, a hidden tab receives every event", async () => {
    const tab = await open();
    const other = await load();
    await other.bringToFront();
    await until(() => tab.page.evaluate(() => document.hidden), "a hidden tab");
    await expectEverything(tab);
    expect(log.requests).toBe(1);
  });
});

describe("a tab whose source waits is shown again", () => {
  async function waitBehind(): Promise<Tab> {
    const tab = await open({ backoff: rare });
    const other = await load();
    await other.bringToFront();
    await until(() => tab.page.evaluate(() => document.hidden), "a hidden tab");
    return tab;
  }

  test("it connects, and resumes by id", async () => {
    const tab = await waitBehind();
    log.cut();
    await tab.reaches("waiting");
    expect(log.requests).toBe(1);
    log.publish(3);
    await tab.bringToFront();
    await until(() => log.requests === 2, "another request");
    log.publish();
    await tab.reads(7);
    expect((await tab.heard()).got).toEqual(numbers(1, 7));
    expect(log.asked).toEqual(["", "3"]);
  });

  test("but not sooner than the server asked for", async () => {
    const tab = await waitBehind();
    log.say("retry: 600000\n\n");
    log.publish();
    await tab.reads(4);
    log.cut();
    await tab.reaches("waiting");
    await tab.bringToFront();
    const isShorter = async (): Promise<boolean> => {
      const state = await tab.state();
      return state.status === "waiting" && state.delay <= 600_000;
    };
    await until(isShorter, "the wait that the server asked for");
    expect(log.requests).toBe(1);
  });
});

describe("a page that the user leaves", () => {
  testEach("reports no error, whether the page is cached or not", async (transport) => {
    for (let round = 0; round < 6; round++) {
      const tab = await load();
      // A listener of other code that keeps the page out of the cache.
      if (round % 2) await tab.page.evaluate(() => addEventListener("unload", () => undefined));
      await tab.connect({ transport, marks: true });
      await tab.reaches("open");
      const left = tab.page.evaluate((elsewhere) => {
        location.href = elsewhere;
      }, log.elsewhere);
      // The browser may leave before it answers.
      await left.catch(() => undefined);
      await until(
        () => tab.page.evaluate(() => document.title === "elsewhere").catch(() => false),
        "the other page",
      );
      expect(await tab.page.evaluate(() => localStorage.getItem("errors"))).toBeNull();
      await tab.page.close();
      tabs.pop();
    }
  });

  test("reports a cut connection if the page stays", async () => {
    const tab = await open({ marks: true });
    log.cut();
    await until(
      () => tab.page.evaluate(() => localStorage.getItem("errors") === " network"),
      "a mark",
    );
    await tab.page.evaluate(() => localStorage.clear());
  });
});

test("listeners and memory are flat after 500 sources", { tags: "slow" }, async () => {
  needs("measure");
  const tab = await load();
  const cycles = (count: number): Promise<void> =>
    tab.page.evaluate(async (count) => {
      const { ResilientEventSource, fetchTransport } = (
        globalThis as unknown as { library: typeof library }
      ).library;
      for (let round = 0; round < count; round++) {
        const source = new ResilientEventSource("/log", {
          transport: fetchTransport(),
          pauseWhenHidden: true,
        });
        await new Promise((resolve) => source.addEventListener("open", resolve, { once: true }));
        source.close();
      }
    }, count);
  await cycles(50);
  const before = await tab.page.driven.measure!();
  await cycles(500);
  const after = await tab.page.driven.measure!();
  console.log(
    `500 cycles: heap ${after.heap - before.heap} bytes, listeners ${before.listeners} → ${after.listeners}`,
  );
  expect(after.listeners).toBeLessThanOrEqual(before.listeners);
  expect(after.heap - before.heap).toBeLessThan(500_000);
});

describe("without a window there is no gate, and events arrive", () => {
  /** The script of a worker that reports every event by `tell`. */
  const script = (tell: string): string => `
    import { ResilientEventSource, sharedTransport } from "/dist/index.js";
    const hear = (tell) => {
      for (const transport of [undefined, sharedTransport()]) {
        const source = new ResilientEventSource("/log", { transport });
        const got = [];
        source.addEventListener("open", () => tell(["open", typeof window]));
        source.on("message", (data) => got.push(Number(data)) === 3 && (source.close(), tell(got)));
      }
    };
    ${tell}`;

  const kinds: Record<string, { script: string; start: () => unknown }> = {
    "a dedicated worker": {
      script: script("hear((message) => postMessage(message));"),
      start: () => {
        const worker = new Worker("/worker.js", { type: "module" });
        worker.onmessage = ({ data }) => told.push(data);
      },
    },
    "a shared worker": {
      script: script(
        "onconnect = ({ ports: [port] }) => hear((message) => port.postMessage(message));",
      ),
      start: () => {
        const worker = new SharedWorker("/worker.js", { type: "module" });
        worker.port.onmessage = ({ data }) => told.push(data);
      },
    },
    "a service worker": {
      script: script("onmessage = ({ source }) => hear((message) => source.postMessage(message));"),
      start: async () => {
        navigator.serviceWorker.onmessage = ({ data }) => told.push(data);
        const { installing } = await navigator.serviceWorker.register("/worker.js", {
          type: "module",
        });
        await navigator.serviceWorker.ready;
        installing!.postMessage("go");
      },
    },
  };

  test.each(Object.entries(kinds))("%s", async (_, { script, start }) => {
    log.server.servePage("/worker.js", script, { "Content-Type": "text/javascript" });
    const tab = await load();
    await tab.page.evaluate(() => void (globalThis.told = []));
    await tab.page.evaluate(start);
    const told = (): Promise<unknown[]> => tab.page.evaluate(() => globalThis.told);
    await until(async () => (await told()).length === 2, "two sources that are open");
    log.publish(3);
    await until(async () => (await told()).length === 4, "events");
    const open = ["open", "undefined"];
    expect(await told()).toEqual([open, open, [1, 2, 3], [1, 2, 3]]);
    await tab.page.evaluate(async () => {
      for (const registration of await navigator.serviceWorker.getRegistrations())
        await registration.unregister();
    });
  });

  test.each(["index.js", "index.cjs"])("Node, by dist/%s", async (file) => {
    const { ResilientEventSource } = (await import(
      /* @vite-ignore */ dist(file)
    )) as typeof library;
    const source = new ResilientEventSource(`${log.server.origin}/log`);
    const got: string[] = [];
    source.on("message", (data) => got.push(data));
    await until(() => source.readyState === source.OPEN, "a source that is open");
    log.publish(3);
    await until(() => got.length === 3, "events");
    source.close();
  });
});

declare global {
  var told: unknown[];
  var waits: number[];
}
