import { beforeEach, expect, test, vi } from "vitest";
import { usePage } from "../../support/unit/page.ts";
import { numbers, useTabs, type Tab } from "../../support/unit/tabs.ts";
import { useWorld } from "../../support/unit/world.ts";

const tabs = useTabs();
const page = usePage();
useWorld();

// All tabs of a device are offline together.
beforeEach(() => {
  vi.stubGlobal("navigator", Object.assign(page.current.navigator, { locks: tabs.current.locks }));
});

/** Seconds from one attempt to the next: three quarters of maxDelay, with the draws of `useWorld`. */
const SLOW = 23;

const errors = ({ log }: Tab): string[] => log.filter((line) => line.startsWith("error"));

/** Three tabs whose device goes offline, and whose server is then out of reach. */
async function goOffline(): Promise<Tab[]> {
  const all = [await tabs.current.open(), await tabs.current.open(), await tabs.current.open()];
  tabs.current.publish(3);
  await tabs.current.settle();
  page.current.fire("offline");
  const { server } = tabs.current;
  server.behaviour = (connection) => connection.fail();
  for (const { log } of all) log.length = 0;
  server.latest.fail();
  await tabs.current.pass(1);
  return all;
}

const asked = (): number => tabs.current.server.connections.length;

function comeBack(): void {
  tabs.current.server.behaviour = (connection) => tabs.current.serve(connection);
}

async function expectAllBack(all: Tab[]): Promise<void> {
  expect(all.map(({ role }) => role)).toEqual(["leader", "follower", "follower"]);
  tabs.current.publish();
  await tabs.current.settle();
  for (const { got } of all) expect(got).toEqual(numbers(1, tabs.current.last));
}

test("an offline leader attempts slowly for all tabs: one error each, then quiet", async () => {
  const all = await goOffline();
  expect(all.map(errors).map(({ length }) => length)).toEqual([1, 1, 1]);
  for (const { source } of all)
    expect(source.state).toMatchObject({ status: "paused", reason: "offline" });
  const before = asked();
  await tabs.current.pass(10 * SLOW);
  // One a time, for three tabs.
  expect(asked() - before).toBeGreaterThanOrEqual(9);
  expect(asked() - before).toBeLessThanOrEqual(11);
  expect(all.map(errors).map(({ length }) => length)).toEqual([1, 1, 1]);
  for (const { source } of all)
    expect(source.state).toMatchObject({ status: "paused", reason: "offline" });
});

test("a server that can be reached all the same is found by the leader, and all tabs are back at once", async () => {
  const all = await goOffline();
  tabs.current.publish(2);
  comeBack();
  await tabs.current.pass(SLOW + 1);
  await expectAllBack(all);
  expect(all.map(errors).map(({ length }) => length)).toEqual([1, 1, 1]);
});

test("online brings all tabs back within a second, by one request", async () => {
  const all = await goOffline();
  tabs.current.publish(2);
  comeBack();
  const before = asked();
  page.current.fire("online");
  await tabs.current.pass(1);
  await expectAllBack(all);
  expect(asked() - before).toBe(1);
});

test.each([0, 1])("reconnect() in tab %i overrules it for all", async (index) => {
  const all = await goOffline();
  comeBack();
  const before = asked();
  all[index]!.source.reconnect();
  await tabs.current.settle();
  await expectAllBack(all);
  expect(asked() - before).toBe(1);
});

test("a leader that closes while offline leaves the connection to another tab", async () => {
  const [leader, ...others] = await goOffline();
  leader!.source.close();
  comeBack();
  await tabs.current.pass(SLOW + 1);
  expect(others.map(({ role }) => role)).toEqual(["leader", "follower"]);
});
