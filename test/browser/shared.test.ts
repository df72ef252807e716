import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { engine, needs, type TabBrowser } from "../support/browsers/engines/engine.ts";
import { numbers, Tab, until, type TabOptions } from "../support/pages/tab-browser.ts";
import { TabLog } from "../support/pages/tab-log.ts";

// Real tabs, all but one of them hidden, with a server that counts connections.

let browser: TabBrowser;
let log: TabLog;
let tabs: Tab[] = [];
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

async function open(options: TabOptions = {}): Promise<Tab> {
  const tab = await Tab.open(browser, log);
  tabs.push(tab);
  await tab.connect({ transport: "shared", ...options });
  return tab;
}

async function openTabs(count: number, options?: TabOptions): Promise<void> {
  while (count--) await (await open(options)).reaches("open");
}

/**
 * Publishes an event every so many milliseconds. By then each tab has an id: a leader without one
 * does not resume, and then tabs that have one ask the server themselves.
 */
async function startTicking(ms: number): Promise<void> {
  log.publish();
  for (const tab of tabs) await tab.reads(log.last);
  log.tick(ms);
}

/** The tab that has the connection. */
async function findLeader(): Promise<Tab> {
  for (;;) for (const tab of tabs) if (await tab.isLeader()) return tab;
}

/**
 * Waits until every tab has the latest event; each must have all since its first one, once and in
 * order, and no error.
 */
async function expectEverything(): Promise<void> {
  log.stop();
  log.publish();
  for (const tab of tabs) {
    await tab.reads(log.last);
    const { got, errors } = await tab.heard();
    expect({ got, errors }).toEqual({ got: numbers(got[0]!, log.last), errors: [] });
  }
  await until(() => log.connections === 1, "one connection");
}

async function remove(tab: Tab): Promise<void> {
  tabs = tabs.filter((other) => other !== tab);
  await tab.page.close();
}

async function crash(tab: Tab): Promise<void> {
  await tab.page.driven.crash!();
  await remove(tab);
}

describe("ten tabs", () => {
  test("have one connection, and each receives every event once and in order", async () => {
    await openTabs(10);
    log.publish(500);
    await expectEverything();
    for (const tab of tabs) expect((await tab.heard()).got).toHaveLength(501);
    expect([log.requests, log.peak]).toEqual([1, 1]);
  });

  const loseLeader = async (times: number, lose: (leader: Tab) => Promise<void>): Promise<void> => {
    await openTabs(10);
    await startTicking(20);
    for (let round = 1; round <= times; round++) {
      await lose(await findLeader());
      await until(() => log.requests > round, "another leader");
      await (await open()).reaches("open");
    }
    await expectEverything();
    // One for the first leader, and one for each that followed.
    expect(log.requests).toBe(times + 1);
  };

  test("whose leader is closed 3 times", () => loseLeader(3, remove));

  test("whose leader is closed 20 times", { tags: "slow" }, () => loseLeader(20, remove));

  test("whose leader crashes 5 times", { tags: "slow" }, async () => {
    needs("crash");
    await loseLeader(5, crash);
  });
});

describe("a leader that goes and comes back", () => {
  test.each<[string, (tab: Tab) => Promise<unknown>, (tab: Tab) => Promise<unknown>]>([
    ["frozen", (tab) => tab.setFrozen(true), (tab) => tab.setFrozen(false)],
    [
      "in the back-forward cache",
      (tab) => tab.leave(log),
      async (tab) => expect(await tab.comeBack(log)).toBe(true),
    ],
  ])("%s: another tab takes over, and no event is lost", async (name, go, back) => {
    needs(name === "frozen" ? "setFrozen" : "cachesStreaming");
    await openTabs(3);
    await startTicking(20);
    const leader = await findLeader();
    await go(leader);
    await until(() => log.requests === 2, "another leader");
    const { last } = log;
    await until(() => log.last > last + 20, "events that the old leader misses");
    await back(leader);
    await leader.reaches("open");
    await expectEverything();
    expect([await leader.isLeader(), log.requests]).toEqual([false, 2]);
  });

  /** Lets the page run until the server answers this request. */
  const loop = async ({ page }: Tab): Promise<() => Promise<unknown>> => {
    const asked = log.server.accept("/end-of-loop");
    await page.evaluate(
      () =>
        void setTimeout(() => {
          const request = new XMLHttpRequest();
          request.open("GET", "/end-of-loop", false);
          request.send();
        }),
    );
    const { connection } = await asked;
    return async () => connection.head({ status: 204 }).end();
  };

  const replaceHung = async (
    need: "openDialog" | "stopAtBreakpoint" | "processPerTab",
  ): Promise<void> => {
    needs(need);
    await openTabs(4);
    await startTicking(50);
    const leader = await findLeader();
    const release = await (need === "processPerTab" ? loop(leader) : leader.page.driven[need]!());
    await until(() => log.requests === 2, "another leader");
    const { last } = log;
    await Promise.all(tabs.filter((tab) => tab !== leader).map((tab) => tab.reads(last)));
    expect(log.connections).toBe(2);
    await release();
    await leader.reads(log.last);
    await expectEverything();
    expect([await leader.isLeader(), log.requests, log.peak]).toEqual([false, 2, 2]);
  };

  test("hung in a dialog: another tab takes over, the old leader follows", () =>
    replaceHung("openDialog"));

  test.each(["stopAtBreakpoint", "processPerTab"] as const)(
    "hung otherwise (%s): likewise",
    { tags: "slow" },
    replaceHung,
  );

  test("hidden for longer than pauseWhenHidden: the visible tab takes over", async () => {
    const [first, second] = [
      await open({ pauseWhenHidden: 300 }),
      await open({ pauseWhenHidden: 300 }),
    ];
    log.tick(20);
    for (let round = 0; round < 3; round++) {
      for (const [visible, hidden] of [
        [first, second],
        [second, first],
      ] as const) {
        await visible.bringToFront();
        await visible.reaches("open");
        await hidden.reaches("paused");
        await until(() => visible.isLeader(), "a leader that is seen");
        await visible.reads(log.last);
      }
    }
    await first.bringToFront();
    await first.reaches("open");
    tabs.splice(0, 2, first);
    await expectEverything();
    await second.page.close();
  });

  test("or navigates away for good", async () => {
    await openTabs(3);
    await startTicking(20);
    for (let round = 0; round < 2; round++) {
      const leader = await findLeader();
      await leader.leave(log);
      await remove(leader);
    }
    await expectEverything();
    expect(log.requests).toBe(3);
  });
});

describe("a follower", () => {
  test("that joins late gets the state at once, and the events from there on", async () => {
    const first = await open();
    await first.reaches("open");
    log.publish(100);
    await first.reads(100);
    const late = await open();
    await late.reaches("open");
    expect(await late.heard()).toMatchObject({
      got: [],
      lastEventId: "100",
      state: { role: "follower" },
    });
    await expectEverything();
    expect(log.requests).toBe(1);
  });

  test.each([
    ["as far as the leader remembers, gets them from the leader", 200, 1],
    ["more than the leader remembers, asks the server itself", 3000, 2],
  ])("that was frozen and missed events, %s", async (_, missed, requests) => {
    needs("setFrozen");
    await openTabs(2);
    log.publish(5);
    for (const tab of tabs) await tab.reads(5);
    await tabs[1]!.setFrozen(true);
    await tabs[1]!.reaches("paused");
    log.publish(missed);
    await tabs[0]!.reads(log.last);
    await tabs[1]!.setFrozen(false);
    await expectEverything();
    expect((await tabs[1]!.heard()).got).toHaveLength(missed + 6);
    expect(log.requests).toBe(requests);
  });

  test("may live in the same tab as the leader", async () => {
    const tab = await open();
    for (let more = 0; more < 4; more++) await tab.connect({ transport: "shared" });
    for (let index = 0; index < 5; index++)
      await until(async () => (await tab.heard(index)).state.status === "open", "an open source");
    log.publish(50);
    for (let index = 0; index < 5; index++)
      await until(
        async () => (await tab.heard(index)).got.join() === numbers(1, 50).join(),
        "every event",
      );
    expect(log.requests).toBe(1);
  });
});

describe("an outage", () => {
  test("of ten tabs: one attempt per wait; followers show the leader's state, not their own", async () => {
    const wait = 1000;
    await (
      await open({ backoff: { startingDelay: wait, maxDelay: wait, jitter: "none" } })
    ).reaches("open");
    await openTabs(9, { backoff: { startingDelay: 600_000, maxDelay: 600_000, jitter: "none" } });
    log.publish(3);
    for (const tab of tabs) await tab.reads(3);
    log.refuses = 503;
    log.cut();
    await until(() => log.requests >= 4, "attempts");
    const gaps = log.times.slice(2).map((time, index) => time - log.times[index + 1]!);
    for (const gap of gaps) expect(gap).toBeGreaterThan(wait - 10);

    // Looks at all of them between two attempts.
    await until(async () => {
      const { requests } = log;
      const states = await Promise.all(tabs.map((tab) => tab.state()));
      if (log.requests !== requests || states.some(({ status }) => status !== "waiting"))
        return false;
      const untils = states.map((state) => (state.status === "waiting" ? state.retryAt : 0));
      return Math.max(...untils) - Math.min(...untils) < wait;
    }, "ten tabs that wait for the same attempt");

    const late = await open();
    await late.reaches("waiting");
    log.refuses = undefined;
    const { requests } = log;
    log.publish(3);
    for (const tab of tabs.slice(0, 10)) await tab.reads(6);
    await late.reaches("open");
    expect(log.requests).toBe(requests + 1);
    for (const tab of tabs.slice(0, 10)) expect((await tab.heard()).got).toEqual(numbers(1, 6));
  });

  test("that is the end (403) reaches every tab, with a request each at most", async () => {
    await openTabs(5);
    log.refuses = 403;
    log.cut();
    for (const tab of tabs) await tab.reaches("closed");
    for (const tab of tabs)
      expect(await tab.heard()).toMatchObject({
        errors: expect.arrayContaining(["status"]),
        got: [],
      });
    console.log(`403 for five tabs: ${log.requests - 1} requests`);
    expect(log.requests).toBeLessThanOrEqual(1 + 5);
  });
});

describe("the seventh tab over HTTP/1.1", () => {
  const openSeven = async (transport: "fetch" | "shared"): Promise<void> => {
    // Loaded first: a page that needs a seventh connection would not load either.
    while (tabs.length < 7) tabs.push(await Tab.open(browser, log));
    // One after the other, as far as there are connections: the last tab is the one that waits.
    for (const [index, tab] of tabs.entries()) {
      await tab.connect({ transport });
      if (index < 6) await tab.reaches("open");
    }
  };

  test("does not connect without sharing: the server sees six connections", async () => {
    await openSeven("fetch");
    log.publish(10);
    for (const tab of tabs.slice(0, 6)) await tab.reads(10);
    expect([(await tabs[6]!.state()).status, log.connections, log.requests]).toEqual([
      "connecting",
      6,
      6,
    ]);
    await remove(tabs[0]!);
    await tabs.at(-1)!.reaches("open");
  });

  test("works with it", async () => {
    await openSeven("shared");
    await tabs.at(-1)!.reaches("open");
    await expectEverything();
    expect(log.requests).toBe(1);
  });
});

test("memory and listeners are flat after 200 hand-overs", { tags: "slow" }, async () => {
  needs("measure");
  const tab = await open();
  const watcher = await open();
  await watcher.reaches("open");
  const handOver = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const leader = await findLeader();
      const { requests } = log;
      await leader.connect({ transport: "shared" });
      await leader.page.evaluate(() => {
        watched.shift()!.source.close();
      });
      await until(() => log.requests === requests + 1, "another leader");
      log.publish();
      for (const each of tabs) await each.reads(log.last);
    }
  };
  await handOver(20);
  const before = await tab.page.driven.measure!();
  await handOver(200);
  const after = await tab.page.driven.measure!();
  console.log(
    `200 hand-overs: heap ${after.heap - before.heap} bytes, listeners ${before.listeners} → ${after.listeners}`,
  );
  expect(after.listeners).toBeLessThanOrEqual(before.listeners + 3);
  expect(after.heap - before.heap).toBeLessThan(500_000);
  expect(log.requests).toBe(221);
});
