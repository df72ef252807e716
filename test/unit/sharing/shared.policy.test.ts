import { describe, expect, test, vi } from "vitest";
import {
  sharedTransport,
  type ConnectionError,
  type ResilientEventSourceOptions,
} from "../../../src/index.ts";
import { numbers, useTabs, type Tab } from "../../support/unit/tabs.ts";
import { HOUR, tick, useWorld } from "../../support/unit/world.ts";

const tabs = useTabs();
useWorld();

const settle = (): Promise<void> => tabs.current.settle();

async function openTabs(count: number, options?: ResilientEventSourceOptions): Promise<Tab[]> {
  const all: Tab[] = [];
  while (all.length < count) all.push(await tabs.current.open(options));
  return all;
}

const statesOf = (all: readonly Tab[]): string[] => all.map(({ source }) => source.state.status);
const five = (status: string): string[] => Array<string>(5).fill(status);

/** Lets the leader's connection end like this, and every connection after it. */
async function fail(status: number): Promise<void> {
  tabs.current.server.behaviour = (connection) => connection.fail("status", { status });
  for (const connection of tabs.current.server.live) connection.fail("status", { status });
  await settle();
}

function recover(): void {
  tabs.current.server.behaviour = (connection) => tabs.current.serve(connection);
}

describe("one policy for all", () => {
  test("only the leader asks backoff.retry, and all wait together", async () => {
    const retry = vi.fn((_: ConnectionError, attempt: number) => attempt < 4);
    const all = await openTabs(5, { backoff: { retry, startingDelay: 1000, jitter: "none" } });
    await fail(401);
    expect(retry.mock.calls.map(([error, attempt]) => [error.status, attempt])).toEqual([[401, 1]]);
    expect(statesOf(all)).toEqual(five("waiting"));
    await tabs.current.pass(20);
    expect(retry).toHaveBeenCalledTimes(4);
    expect(statesOf(all)).toEqual(five("closed"));
    expect(tabs.current.server.connections).toHaveLength(4);
  });

  test("one refresh of a token", async () => {
    let finish = (): void => undefined;
    const refresh = vi.fn(() => new Promise<boolean>((resolve) => (finish = () => resolve(true))));
    const all = await openTabs(5, { backoff: { retry: refresh, startingDelay: 1000 } });
    tabs.current.publish(2);
    await settle();
    await fail(401);
    await tabs.current.pass(30);
    expect(refresh).toHaveBeenCalledTimes(1);
    recover();
    finish();
    await tabs.current.pass(3);
    tabs.current.publish();
    await settle();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(tabs.current.server.connections).toHaveLength(2);
    for (const { got } of all) expect(got).toEqual(numbers(1, 3));
  });

  test.each(["leader", "follower"])("the table's no reaches everybody: 410, %s", async (who) => {
    const never = { backoff: { retry: () => true } };
    const leader = await tabs.current.open(who === "leader" ? {} : never);
    const followers = await openTabs(4, who === "leader" ? never : {});
    await fail(410);
    expect(statesOf([leader, ...followers])).toEqual(five(who === "leader" ? "closed" : "waiting"));
  });

  test("numOfAttempts is the leader's", async () => {
    const backoff = { startingDelay: 1000, jitter: "none" } as const;
    const leader = await tabs.current.open({ backoff: { ...backoff, numOfAttempts: 3 } });
    const followers = await openTabs(4, { backoff: { ...backoff, numOfAttempts: 1 } });
    await fail(503);
    expect(statesOf([leader, ...followers])).toEqual(five("waiting"));
    await tabs.current.pass(10);
    expect(statesOf([leader, ...followers])).toEqual(five("closed"));
    expect(tabs.current.server.connections).toHaveLength(3);
  });

  test("timeouts are the leader's, too", async () => {
    const retry = vi.fn(() => true);
    const backoff = { retry, startingDelay: 10_000, maxDelay: 10_000, jitter: "none" } as const;
    const all = await openTabs(5, { connectTimeout: 3000, heartbeatTimeout: 4000, backoff });
    tabs.current.server.behaviour = () => {};
    await tabs.current.pass(10);
    expect(retry).toHaveBeenCalledTimes(1);
    expect(statesOf(all)).toEqual(five("waiting"));
    await tabs.current.pass(13);
    expect(retry).toHaveBeenCalledTimes(2);
    expect(tabs.current.server.connections).toHaveLength(2);
  });

  test("a wait that a leader imposes is at least 100 ms, whatever it says", async () => {
    const [leader, follower] = await openTabs(2);
    const { channel } = leader!;
    const message = { kind: "state", from: "x", term: Date.now() + 5, number: 0, lastEventId: "" };
    const error = { message: "no", reason: "network" };
    channel.postMessage({
      ...message,
      names: [],
      state: { status: "failed", isUnrepeatable: false, error, retryAt: Date.now() - HOUR },
    });
    await settle();
    expect(follower!.source.state).toMatchObject({ status: "waiting", delay: 100 });
    channel.postMessage({
      ...message,
      names: [],
      state: { status: "failed", isUnrepeatable: false, error, retryAt: Number.MAX_VALUE },
    });
    await tick(100);
    await settle();
    expect(follower!.source.state).toMatchObject({ status: "waiting", delay: 2 ** 31 - 1 });
  });
});

test.each([
  [0, "EventSource"],
  [45_000, "fetch"],
])("heartbeatTimeout %i: the leader begins with %s", async (heartbeatTimeout, expected) => {
  const used: string[] = [];
  class Native {
    readyState = 0;
    constructor() {
      used.push("EventSource");
    }
    addEventListener(): void {}
    removeEventListener(): void {}
    close(): void {}
  }
  vi.stubGlobal("EventSource", Native);
  vi.stubGlobal("fetch", () => {
    used.push("fetch");
    return new Promise(() => {});
  });
  await openTabs(2, { transport: sharedTransport(), heartbeatTimeout });
  expect(used).toEqual([expected]);
});

describe("one click for all", () => {
  const backoff = { startingDelay: 20_000, jitter: "none" } as const;

  test.each([0, 1, 4])("reconnect() of tab %i during a wait: all are back at once", async (who) => {
    const all = await openTabs(5, { backoff });
    tabs.current.publish(3);
    await settle();
    await fail(503);
    await tick(7000);
    expect(statesOf(all)).toEqual(five("waiting"));
    recover();
    tabs.current.last += 2;
    all[who]!.source.reconnect();
    await settle();
    expect(statesOf(all)).toEqual(five("open"));
    expect(tabs.current.server.connections).toHaveLength(2);
    tabs.current.publish();
    await settle();
    for (const { got } of all) expect(got).toEqual(numbers(1, 6));
  });

  test("a new tab that connects during a wait brings all back", async () => {
    const all = await openTabs(4, { backoff });
    await fail(503);
    all[0]!.source.close();
    await settle();
    recover();
    const fresh = await tabs.current.open();
    expect(statesOf([...all.slice(1), fresh])).toEqual(Array<string>(4).fill("open"));
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("the error of the leader is that of every tab, also of one that is opened during the wait", async () => {
    const all = await openTabs(3, { backoff });
    await fail(503);
    all.push(await tabs.current.open({ backoff }));
    for (const { source, log } of all) {
      expect(source.state).toMatchObject({ status: "waiting", error: { status: 503 } });
      expect(log.filter((entry) => entry.startsWith("error"))).toHaveLength(1);
    }
    expect(tabs.current.server.connections).toHaveLength(1);
  });

  test.each([0, 1, 4])("reconnect() of tab %i after giving up: all are back", async (who) => {
    const all = await openTabs(5);
    tabs.current.publish(3);
    await settle();
    await fail(401);
    expect(statesOf(all)).toEqual(five("closed"));
    expect(tabs.current.server.connections).toHaveLength(1);
    await tabs.current.pass(60);
    expect(tabs.current.locks.held.size).toBe(0);
    recover();
    tabs.current.last += 2;
    all[who]!.source.reconnect();
    await settle();
    expect(statesOf(all)).toEqual(five("open"));
    tabs.current.publish();
    await settle();
    for (const { got } of all) expect(got).toEqual(numbers(1, 6));
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("also if it is called at once after giving up", async () => {
    for (const who of [0, 3]) {
      const all = await openTabs(5);
      await fail(401);
      recover();
      all[who]!.source.reconnect();
      await settle();
      expect(statesOf(all)).toEqual(five("open"));
      for (const { source } of all) source.close();
      await settle();
    }
  });

  test("that fails again is one attempt and one decision", async () => {
    const retry = vi.fn(() => false);
    const all = await openTabs(5, { backoff: { retry } });
    await fail(401);
    for (let round = 2; round < 6; round++) {
      all[round % 5]!.source.reconnect();
      await tabs.current.pass(5);
      expect(statesOf(all)).toEqual(five("closed"));
      expect(retry).toHaveBeenCalledTimes(round);
      expect(tabs.current.server.connections).toHaveLength(round);
    }
  });

  test("does not wake sources that were closed", async () => {
    const all = await openTabs(5);
    await fail(401);
    all[1]!.source.close();
    recover();
    all[2]!.source.reconnect();
    await settle();
    expect(statesOf(all)).toEqual(["open", "closed", "open", "open", "open"]);
  });

  test("a new source does not revive sources that gave up: it may replace one of them", async () => {
    const all = await openTabs(5);
    await fail(401);
    await tabs.current.pass(1);
    recover();
    const fresh = await tabs.current.open();
    expect([...statesOf(all), fresh.source.state.status]).toEqual([...five("closed"), "open"]);
  });

  test.each([0, 3])("reconnect() of tab %i overrules a pending decision", async (who) => {
    const retry = vi.fn(() => new Promise<boolean>(() => {}));
    const all = await openTabs(5, { backoff: { retry } });
    await fail(401);
    expect(retry).toHaveBeenCalledTimes(1);
    recover();
    all[who]!.source.reconnect();
    await settle();
    expect(statesOf(all)).toEqual(five("open"));
    expect(all[0]!.role).toBe("leader");
    expect(tabs.current.server.connections).toHaveLength(2);
  });
});
