import { describe, expect, test } from "vitest";
import { numbers, useTabs, type Tab } from "../../support/unit/tabs.ts";
import { freeze, tick, useWorld } from "../../support/unit/world.ts";

const tabs = useTabs();
useWorld();

async function openTabs(count: number): Promise<Tab[]> {
  const all: Tab[] = [];
  while (all.length < count) all.push(await tabs.current.open({ connectTimeout: 3000 }));
  return all;
}

const settle = (): Promise<void> => tabs.current.settle();
const rolesOf = (all: readonly Tab[]): unknown[] => all.map(({ role }) => role);

describe("a leader whose page hangs", () => {
  test("is replaced within 15 seconds, by one follower", async () => {
    const all = await openTabs(5);
    tabs.current.publish(3);
    await settle();
    tabs.current.hang(all[0]!);
    await tabs.current.pass(15);
    expect(tabs.current.locks.thefts).toBe(1);
    expect(rolesOf(all).filter((role) => role === "leader")).toHaveLength(2);
    expect(tabs.current.server.live).toHaveLength(2);
    expect(tabs.current.server.latest.request.lastEventId).toBe("3");
    tabs.current.publish(3);
    await settle();
    for (const { got } of all.slice(1)) expect(got).toEqual(numbers(1, 6));
  });

  test("steps down when it wakes, and nothing is lost or repeated", async () => {
    const all = await openTabs(5);
    tabs.current.publish(3);
    await settle();
    tabs.current.hang(all[0]!);
    await tabs.current.pass(15);
    tabs.current.publish(3);
    await settle();
    tabs.current.wake(all[0]!);
    // It relays events before it learns that it was replaced.
    tabs.current.publish(2);
    await settle();
    tabs.current.publish(2);
    await tabs.current.pass(60);
    expect(rolesOf(all).filter((role) => role === "leader")).toHaveLength(1);
    expect(all[0]!.role).toBe("follower");
    expect(tabs.current.server.live).toHaveLength(1);
    for (const { got, log } of all) {
      expect(got).toEqual(numbers(1, 10));
      expect(log.filter((line) => line.startsWith("error"))).toEqual([]);
    }
    expect(tabs.current.locks.thefts).toBe(1);
  });

  test("whose connection fails while it wakes does not disturb the others", async () => {
    const all = await openTabs(3);
    tabs.current.publish();
    await settle();
    const [old] = tabs.current.server.live;
    tabs.current.hang(all[0]!);
    await tabs.current.pass(15);
    old!.fail();
    await settle();
    tabs.current.publish(2);
    await settle();
    expect(all.slice(1).map(({ source }) => source.state.status)).toEqual(["open", "open"]);
    tabs.current.wake(all[0]!);
    await tabs.current.pass(5);
    tabs.current.publish();
    await settle();
    for (const { got } of all) expect(got).toEqual(numbers(1, 4));
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("while it waits is replaced, too", async () => {
    const [first, second] = [
      await tabs.current.open({ backoff: { startingDelay: 5000, jitter: "none" } }),
      await tabs.current.open(),
    ];
    tabs.current.server.latest.fail();
    await settle();
    tabs.current.hang(first);
    first.source.addEventListener("statechange", () => {});
    tabs.current.server.behaviour = (connection) => connection.open();
    await tabs.current.pass(20);
    expect(second.source.state.status).toBe("open");
    tabs.current.wake(first);
    await tabs.current.pass(5);
    expect(rolesOf([first, second]).sort()).toEqual(["follower", "leader"]);
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("is replaced by a tab that opens later, within connectTimeout or not", async () => {
    const [leader] = await openTabs(1);
    tabs.current.hang(leader!);
    const late = await tabs.current.open({ connectTimeout: 1000 });
    await tabs.current.pass(15);
    expect(late.role).toBe("leader");
    tabs.current.wake(leader!);
    await settle();
    expect(leader!.role).toBe("follower");
  });

  test("again and again", async () => {
    const all = await openTabs(4);
    for (let round = 0; round < 8; round++) {
      const leader = all.find(({ role }) => role === "leader")!;
      tabs.current.hang(leader);
      await tabs.current.pass(15);
      tabs.current.publish();
      await settle();
      tabs.current.wake(leader);
      await tabs.current.pass(1);
      expect(tabs.current.server.live).toHaveLength(1);
    }
    for (const { got } of all) expect(got).toEqual(numbers(1, 8));
    expect(tabs.current.locks.thefts).toBe(8);
  });
});

describe("a leader that does not hang is not replaced", () => {
  test("on a silent stream", async () => {
    const all = await openTabs(5);
    await tabs.current.pass(120);
    expect(rolesOf(all)).toEqual(["leader", ...Array<string>(4).fill("follower")]);
    expect(tabs.current.locks.thefts).toBe(0);
    expect(tabs.current.server.connections).toHaveLength(1);
  });

  test("if it is slow: five seconds for each message", async () => {
    const [leader] = await openTabs(5);
    for (let round = 0; round < 20; round++) {
      leader!.channel.isSlow = true;
      await tabs.current.pass(5);
      leader!.channel.isSlow = false;
      await settle();
    }
    expect(tabs.current.locks.thefts).toBe(0);
  });

  test("if the page of the follower hung itself", async () => {
    const [, follower] = await openTabs(2);
    for (let round = 0; round < 5; round++) {
      // It has asked, and its timers run before the answer that arrived meanwhile.
      follower!.channel.isSlow = true;
      await tabs.current.pass(7);
      freeze(60_000);
      await tick(2000);
      follower!.channel.isSlow = false;
      await settle();
    }
    expect(tabs.current.locks.thefts).toBe(0);
  });
});
