import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { PROTOCOL } from "../../src/sharing/messages.ts";
import { engine, type TabBrowser } from "../support/browsers/engines/engine.ts";
import { makeNoise } from "../support/pages/page-noise.ts";
import { numbers, Tab, until } from "../support/pages/tab-browser.ts";
import { TabLog } from "../support/pages/tab-log.ts";
import type { FaultConnection } from "../support/server/fault-server.ts";

// Five tabs that share a connection act as one, counted at the server.

const FIVE = [0, 1, 2, 3, 4];
/** A wait that no test waits for. */
const never = { startingDelay: 600_000, maxDelay: 600_000, jitter: "none" } as const;

let browser: TabBrowser;
let log: TabLog;
let tabs: Tab[] = [];
beforeAll(async () => {
  browser = await engine.launchTabs();
  log = await TabLog.start();
  tabs = await Promise.all(FIVE.map(() => Tab.open(browser, log)));
});
afterAll(async () => {
  log.close();
  await browser.close();
});
afterEach(async () => {
  log.stop();
  log.refuses = undefined;
  await inAll(() => {
    for (const { source } of watched.splice(0)) source.close();
  });
  await until(() => log.connections === 0, "no connection left");
});

/** Does the same in all tabs at once. */
function inAll<Argument, Result>(
  code: (argument: Argument) => Result,
  argument?: Argument,
): Promise<Awaited<Result>[]> {
  return Promise.all(tabs.map(({ page }) => page.evaluate(code, argument)));
}

const allReach: Tab["reaches"] = async (status) => {
  await Promise.all(tabs.map((tab) => tab.reaches(status)));
};

async function allRead(last: number): Promise<void> {
  await Promise.all(tabs.map((tab) => tab.reads(last)));
}

async function expectGot(got: readonly number[]): Promise<void> {
  for (const tab of tabs) expect((await tab.heard()).got).toEqual(got);
}

async function indexOfLeader(): Promise<number> {
  const leads = await Promise.all(tabs.map((tab) => tab.isLeader()));
  return leads.indexOf(true);
}

/** Serves a stream of its own. Returns its connections that were answered with one. */
function serve(
  path: string,
  answer: (headers: ReadonlyMap<string, string>, connection: FaultConnection) => boolean,
): FaultConnection[] {
  const streams: FaultConnection[] = [];
  log.server.serve(path, ({ headers }, connection) => {
    if (answer(headers, connection)) streams.push(connection);
  });
  return streams;
}

const requestsTo = (path: string): number => log.server.requestsTo(path).length;

test("an expired token: one refresh, one wait and one request for all", async () => {
  let token = "1";
  const streams = serve("/secret", (headers, connection) => {
    if (headers.get("authorization") !== token) connection.head({ status: 401 }).end();
    else connection.head().write(":\n\n");
    return headers.get("authorization") === token;
  });
  log.server.serve("/refresh", (_, connection) =>
    connection
      .head({ headers: { "Content-Type": "text/plain" } })
      .write(token)
      .end(),
  );
  await inAll(() => {
    const { fetchTransport, sharedTransport } = library;
    let token = "1";
    const authorized = fetchTransport(() => ({ headers: { Authorization: token } }));
    connect(
      "/secret",
      {},
      {
        transport: sharedTransport(authorized, { key: "secret" }),
        backoff: {
          startingDelay: 300,
          async retry(error) {
            if (error.status === 401) token = await (await fetch("/refresh")).text();
            return true;
          },
        },
      },
    );
  });
  await allReach("open");
  expect(requestsTo("/secret")).toBe(1);
  token = "2";
  streams[0]!.cut();
  await until(() => streams.length === 2, "a connection with the new token");
  streams[1]!.write("data: 1\n\n");
  await allRead(1);
  // The first connection, the one with the old token, and the one with the new token.
  expect([requestsTo("/secret"), requestsTo("/refresh")]).toEqual([3, 1]);
  const waits = await inAll(() => watched[0]!.notes().errors.map(({ error }) => error.status));
  for (const statuses of waits) expect(statuses).toEqual([undefined, 401]);
  streams[1]!.end();
});

test.each(["leader", "follower"])("one click in the %s ends the wait of all", async (who) => {
  await Promise.all(tabs.map((tab) => tab.connect({ transport: "shared", backoff: never })));
  await allReach("open");
  log.publish();
  const { last } = log;
  await allRead(last);
  const leader = await indexOfLeader();
  log.refuses = 503;
  log.cut();
  await allReach("waiting");
  log.refuses = undefined;
  log.publish(2);
  const { requests } = log;
  await tabs[who === "leader" ? leader : (leader + 1) % 5]!.reconnect();
  await allRead(last + 2);
  expect(log.requests).toBe(requests + 1);
  await allReach("open");
  log.publish();
  await allRead(last + 3);
  await expectGot(numbers(last, last + 3));
});

test("sticky: whoever joins gets the latest greeting, once", async () => {
  let greetings = 0;
  const streams = serve("/greeting", (_, connection) => {
    connection.head().write(`event: snapshot\nid: a\ndata: ${++greetings}\n\n`);
    return true;
  });
  const join = (tab: Tab): Promise<void> =>
    tab.page.evaluate(() => {
      const { fetchTransport, sharedTransport } = library;
      const transport = sharedTransport(fetchTransport(), { sticky: ["snapshot"] });
      connect("/greeting", { names: ["snapshot", "message"] }, { transport });
    });
  await join(tabs[0]!);
  await tabs[0]!.reads(1);
  await Promise.all([join(tabs[1]!), join(tabs[2]!)]);
  await Promise.all([tabs[1]!.reads(1), tabs[2]!.reads(1)]);
  streams[0]!.write("event: snapshot\nid: b\ndata: 20\n\nid: c\ndata: 21\n\n");
  await Promise.all(tabs.slice(0, 3).map((tab) => tab.reads(21)));
  await Promise.all([join(tabs[3]!), join(tabs[4]!)]);
  await Promise.all([tabs[3]!.reads(20), tabs[4]!.reads(20)]);
  streams[0]!.write("id: d\ndata: 22\n\n");
  await allRead(22);
  const got = await Promise.all(tabs.map(async (tab) => (await tab.heard()).got));
  expect(got).toEqual([...Array<number[]>(3).fill([1, 20, 21, 22]), [20, 22], [20, 22]]);
  expect(streams).toHaveLength(1);
});

describe("a shared POST", () => {
  const post = async (path: string): Promise<FaultConnection[]> => {
    const streams = serve(path, (_, connection) => {
      connection.head().write("id: 1\ndata: 1\n\n");
      return true;
    });
    // One after the other: the first one is the leader, and only its request has the first event.
    for (const tab of tabs) {
      await tab.page.evaluate((path) => {
        const { fetchTransport, sharedTransport } = library;
        const inner = fetchTransport({ method: "POST", body: "buy" });
        const transport = sharedTransport(inner, { key: path });
        connect(path, { backoff: { startingDelay: 0 } }, { transport });
      }, path);
      await tab.reaches("open");
    }
    return streams;
  };
  const errorsOf = (): Promise<unknown[]> =>
    inAll(() => {
      const { state } = watched[0]!.source;
      return state.status === "closed" && state.error?.repeatable === false;
    });

  test("whose leader goes is not sent again: the others close", async () => {
    const streams = await post("/order");
    streams[0]!.write("id: 2\ndata: 2\n\n");
    await allRead(2);
    await tabs[await indexOfLeader()]!.closeSources();
    await allReach("closed");
    expect(await errorsOf()).toEqual([false, true, true, true, true]);
    expect(requestsTo("/order")).toBe(1);
  });

  test("whose answer ends is a normal end in every tab", async () => {
    const streams = await post("/answer");
    streams[0]!.write("id: 2\ndata: 2\n\n").end();
    await allReach("closed");
    expect(await errorsOf()).toEqual(Array(5).fill(false));
    for (const tab of tabs) expect((await tab.heard()).got.at(-1)).toBe(2);
    expect(requestsTo("/answer")).toBe(1);
  });
});

test(
  "20,000 random messages on the channel: nothing lost or doubled",
  { tags: "slow" },
  async () => {
    await inAll(() => {
      const { fetchTransport, sharedTransport } = library;
      uncaught.length = 0;
      connect("/log", {}, { transport: sharedTransport(fetchTransport(), { key: "noise" }) });
    });
    await allReach("open");
    const first = log.last + 1;
    const { requests } = log;
    log.tick(50);
    const channel = `resilient-eventsource ${PROTOCOL} "noise"`;
    const seed = Math.floor(Math.random() * 1e6);
    console.log(`random messages with seed ${seed}`);
    await Promise.all(
      tabs.map(({ page }, index) =>
        page.evaluate(makeNoise, { channel, seed: seed + index, count: 4000 }),
      ),
    );
    log.stop();
    log.publish();
    await allRead(log.last);
    await expectGot(numbers(first, log.last));
    expect(await inAll(() => uncaught)).toEqual(Array(5).fill([]));
    expect([log.requests, log.connections]).toEqual([requests, 1]);
  },
);
