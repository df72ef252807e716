import { beforeEach, describe, expect, test, vi } from "vitest";
import type { ResilientEventSourceOptions } from "../../../src/index.ts";
import type { Connection } from "../../support/unit/server.ts";
import { numbers, useTabs, type Tab } from "../../support/unit/tabs.ts";
import { tick, useWorld } from "../../support/unit/world.ts";

// A shared POST: what was sent once is sent again only if the application says so.

const tabs = useTabs();
useWorld();

const settle = (): Promise<void> => tabs.current.settle();
const statesOf = (all: readonly Tab[]): string[] => all.map(({ source }) => source.state.status);
const requests = (): number => tabs.current.server.connections.length;

/** Answers as the server of a POST does; an aborted request never leaves. */
function answerPost(connection: Connection): void {
  connection.sink.unrepeatable?.();
  if (connection.live) tabs.current.serve(connection);
}

beforeEach(() => {
  tabs.current.server.behaviour = answerPost;
});

async function openTabs(count: number, options?: ResilientEventSourceOptions): Promise<Tab[]> {
  const all: Tab[] = [];
  while (all.length < count) all.push(await tabs.current.open(options));
  tabs.current.publish(3);
  await settle();
  return all;
}

const crash = ({ source, channel }: Tab): void => {
  channel.close();
  source.close();
};
const ends: [string, (leader: Tab) => void][] = [
  ["closes", ({ source }) => source.close()],
  ["crashes", crash],
];

describe("a leader that sent a POST", () => {
  test.each(ends)("%s: the followers close with `network`, as a lone source", async (_, end) => {
    const all = await openTabs(5);
    end(all[0]!);
    await tabs.current.pass(60);
    expect(requests()).toBe(1);
    for (const { source, got } of all.slice(1)) {
      const error = { reason: "network", repeatable: false };
      expect(source.state).toMatchObject({ status: "closed", error });
      expect(got).toEqual(numbers(1, 3));
    }
    expect(tabs.current.locks.held.size).toBe(0);
  });

  test.each(ends)("%s before the server answers: likewise", async (_, end) => {
    tabs.current.server.behaviour = ({ sink }) => sink.unrepeatable?.();
    const all = [tabs.current.add(), tabs.current.add(), tabs.current.add()];
    await settle();
    expect(statesOf(all)).toEqual(Array(3).fill("connecting"));
    end(all[0]!);
    await tabs.current.pass(10);
    expect([requests(), ...statesOf(all)]).toEqual([1, "closed", "closed", "closed"]);
  });

  test("closes before the request is sent: the next leader sends it", async () => {
    tabs.current.server.behaviour = () => undefined;
    const all = [tabs.current.add(), tabs.current.add()];
    await settle();
    tabs.current.server.behaviour = answerPost;
    all[0]!.source.close();
    await settle();
    expect([requests(), all[1]!.role]).toEqual([2, "leader"]);
  });

  test("loses the connection: every tab closes, after one decision", async () => {
    const retry = vi.fn(() => false);
    const all = await openTabs(5, { backoff: { retry } });
    tabs.current.server.latest.fail();
    await tabs.current.pass(60);
    expect([requests(), retry.mock.calls.length]).toEqual([1, 1]);
    for (const { source } of all)
      expect(source.state).toMatchObject({ status: "closed", error: { repeatable: false } });
  });

  test.each(["close", "fail"])("%s: backoff.retry may send it again, once for all", async (how) => {
    const retry = vi.fn(() => true);
    const all = await openTabs(5, { backoff: { retry, startingDelay: 1000 } });
    if (how === "close") all.shift()!.source.close();
    else tabs.current.server.latest.fail();
    await tabs.current.pass(10);
    expect([requests(), retry.mock.calls.length]).toEqual([2, 1]);
    expect(retry).toHaveBeenCalledWith(expect.objectContaining({ repeatable: false }), 1);
    tabs.current.publish();
    await settle();
    for (const { got } of all) expect(got).toEqual(numbers(1, 4));
  });

  test.each([0, 1])("reconnect() of tab %i sends it again for all", async (who) => {
    const all = await openTabs(3);
    tabs.current.server.latest.fail();
    await tabs.current.pass(2);
    all[who]!.source.reconnect();
    await tabs.current.pass(2);
    expect([requests(), ...statesOf(all)]).toEqual([2, "open", "open", "open"]);
    all.find(({ role }) => role === "leader")!.source.close();
    await tabs.current.pass(10);
    expect([requests(), ...statesOf(all)]).toEqual([2, "closed", "closed", "closed"]);
  });

  test("is told to wait (503) and closes: the next one sends at that time", async () => {
    tabs.current.server.behaviour = (connection) => {
      connection.sink.unrepeatable?.();
      connection.fail("status", { status: 503 });
    };
    const backoff = { startingDelay: 5000, jitter: "none" } as const;
    const all = [tabs.current.add({ backoff }), tabs.current.add({ backoff })];
    await settle();
    expect(statesOf(all)).toEqual(["waiting", "waiting"]);
    tabs.current.server.behaviour = answerPost;
    all[0]!.source.close();
    await tabs.current.pass(3);
    expect(requests()).toBe(1);
    await tabs.current.pass(3);
    expect([requests(), all[1]!.role]).toEqual([2, "leader"]);
  });

  test("hangs: nobody replaces it, and nothing is lost when it wakes", async () => {
    const all = await openTabs(3);
    tabs.current.hang(all[0]!);
    await tabs.current.pass(60);
    expect([requests(), tabs.current.locks.thefts]).toEqual([1, 0]);
    tabs.current.wake(all[0]!);
    tabs.current.publish();
    await settle();
    for (const { got } of all) expect(got).toEqual(numbers(1, 4));
  });

  test("stays when a follower is to leave the server soon", async () => {
    const all = await openTabs(3);
    all[1]!.source.reconnect({ within: 100 });
    await tabs.current.pass(5);
    expect([requests(), tabs.current.server.live.length]).toEqual([1, 1]);
  });

  test("gave up: a new tab sends its own request", async () => {
    await openTabs(2);
    tabs.current.server.latest.fail();
    await settle();
    const fresh = await tabs.current.open();
    await tabs.current.pass(2);
    expect([requests(), fresh.source.state.status]).toEqual([2, "open"]);
  });
});

test("a tab that joins late knows that the request was sent", async () => {
  const [leader] = await openTabs(1);
  const late = await tabs.current.open();
  leader!.source.close();
  await tabs.current.pass(5);
  expect([requests(), late.source.state.status]).toEqual([1, "closed"]);
});

test("a follower that missed too much sends no request of its own", async () => {
  await openTabs(1);
  const behind = await tabs.current.open({ lastEventId: "unknown" });
  await tabs.current.pass(60);
  expect(tabs.current.server.connections.filter(({ live }) => live)).toHaveLength(1);
  expect(behind.source.state).toMatchObject({
    status: "closed",
    error: { reason: "network", repeatable: false },
  });
});

describe("a normal end reaches every tab, with one request and no error in the state:", () => {
  test.each<[string, number, (connection: Connection) => void]>([
    ["a POST is answered", 1, (connection) => connection.end()],
    ["a POST ends with `ended`", 1, (connection) => connection.fail("ended")],
    ["204", 1, (connection) => connection.fail("status", { status: 204 })],
  ])("%s", async (name, _, end) => {
    if (name === "204")
      tabs.current.server.behaviour = (connection) => tabs.current.serve(connection);
    const all = await openTabs(5);
    const errors: unknown[] = [];
    for (const { source } of all)
      source.addEventListener("error", ({ error, readyState }) =>
        errors.push([readyState, error.expected, error.retryIn]),
      );
    end(tabs.current.server.latest);
    await tabs.current.pass(60);
    expect(requests()).toBe(1);
    expect(errors).toEqual([[2, true, undefined], ...Array<unknown>(4).fill([2, true, Infinity])]);
    for (const { source, got } of all) {
      expect(source.state).toEqual({ status: "closed" });
      expect(got).toEqual(numbers(1, 3));
    }
    expect(tabs.current.leftovers).toEqual({ channels: 0, held: 0, waiting: 0 });
  });

  test("close() right after it leaves nothing, not even a timer", async () => {
    const all = await openTabs(2);
    tabs.current.server.latest.end();
    await tick();
    for (const { source } of all) source.close();
    await tick();
    expect(tabs.current.leftovers).toEqual({ channels: 0, held: 0, waiting: 0 });
  });

  test.each([0, 1])("reconnect() of tab %i at once begins again, for that tab", async (who) => {
    const all = await openTabs(2);
    tabs.current.server.latest.end();
    await settle();
    all[who]!.source.reconnect();
    await tabs.current.pass(3);
    expect([requests(), statesOf(all)[who]]).toEqual([2, "open"]);
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("a new tab sends its own request", async () => {
    await openTabs(2);
    tabs.current.server.latest.end();
    await settle();
    const fresh = await tabs.current.open();
    await tabs.current.pass(2);
    expect([requests(), fresh.source.state.status]).toEqual([2, "open"]);
  });
});
