import { expect, test } from "vitest";
import { numbers, useTabs, type Tab } from "../../support/unit/tabs.ts";
import { tick, useWorld } from "../../support/unit/world.ts";

const tabs = useTabs();
useWorld();

async function openTabs(count: number): Promise<Tab[]> {
  const all: Tab[] = [];
  while (all.length < count) all.push(await tabs.current.open());
  return all;
}

test("a drain that every tab asks for moves the leader once, and every tab hears every event once", async () => {
  const all = await openTabs(4);
  tabs.current.publish(3);
  await tabs.current.settle();
  for (const { source } of all) source.reconnect({ within: 50_000 });
  await tabs.current.settle();
  for (let second = 0; second < 50; second++) {
    await tick(1000);
    tabs.current.publish();
    await tabs.current.settle();
  }
  expect(tabs.current.server.connections).toHaveLength(2);
  expect(tabs.current.server.connections[0]!.live).toBe(false);
  expect(tabs.current.server.latest.request).toMatchObject({ attempt: 0 });
  for (const { got, source } of all) {
    expect(got).toEqual(numbers(1, 53));
    expect(source.state.status).toBe("open");
  }
  expect(all.map(({ role }) => role)).toEqual(["leader", "follower", "follower", "follower"]);
});

test("a drain that only a follower asks for moves the leader", async () => {
  const [, follower] = await openTabs(2);
  follower!.source.reconnect({ within: 50_000 });
  await tabs.current.settle();
  await tick(24_999);
  await tabs.current.settle();
  expect(tabs.current.server.connections).toHaveLength(1);
  await tick(1);
  await tabs.current.settle();
  expect(tabs.current.server.connections).toHaveLength(2);
  expect(follower!.role).toBe("follower");
});

test("a follower that closes takes its drain along with nothing left", async () => {
  const [first, follower] = await openTabs(2);
  follower!.source.close();
  follower!.source.reconnect({ within: 50_000 });
  await tabs.current.settle();
  await tick(60_000);
  await tabs.current.settle();
  expect(tabs.current.server.connections).toHaveLength(1);
  expect(first!.role).toBe("leader");
});
