import { describe, expect, test } from "vitest";
import { numbers, useTabs, type Tab } from "../../support/unit/tabs.ts";
import { useWorld } from "../../support/unit/world.ts";

// Chromium drops the messages to a page that stops at a breakpoint.

const tabs = useTabs();
useWorld();

const pass = (seconds: number): Promise<void> => tabs.current.pass(seconds);

async function publish(count = 1): Promise<void> {
  tabs.current.publish(count);
  await tabs.current.settle();
}

async function openTabs(count: number): Promise<Tab[]> {
  const all: Tab[] = [];
  while (all.length < count)
    all.push(await tabs.current.open({ backoff: { startingDelay: 1000, jitter: "none" } }));
  await publish(3);
  return all;
}

/** Lets a tab miss all messages meanwhile. */
async function without({ channel }: Tab, run: () => Promise<void>): Promise<void> {
  channel.isDeaf = true;
  await run();
  channel.isDeaf = false;
}

function expectAll(all: readonly Tab[]): void {
  for (const { got } of all) expect(got).toEqual(numbers(1, tabs.current.last));
}

describe("a follower that missed", () => {
  test("events gets them with the next one", async () => {
    const all = await openTabs(3);
    await without(all[1]!, () => publish(5));
    await publish();
    await pass(1);
    expectAll(all);
    expect(tabs.current.server.connections).toHaveLength(1);
  });

  test("events of a stream that is silent since then gets them, too", async () => {
    const all = await openTabs(3);
    await without(all[1]!, () => publish(5));
    await pass(10);
    expectAll(all);
  });

  test("more events than the history has asks the server", async () => {
    const all = await openTabs(3);
    await without(all[1]!, () => publish(2500));
    await publish();
    await pass(2);
    expectAll(all);
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("a failure and the next connection goes on with it", async () => {
    const all = await openTabs(3);
    await without(all[1]!, async () => {
      tabs.current.server.latest.fail();
      tabs.current.last += 2;
      await pass(3);
    });
    await publish();
    await pass(1);
    expectAll(all);
    expect(tabs.current.server.connections).toHaveLength(2);
  });

  test("the change of the leader goes on with the new one", async () => {
    const all = await openTabs(3);
    await without(all[2]!, async () => {
      all.shift()!.source.close();
      await tabs.current.settle();
      await publish(2);
    });
    await publish();
    await pass(2);
    await publish();
    expectAll(all);
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("messages while it caught up starts over", async () => {
    const all = await openTabs(1);
    await publish(2500);
    tabs.current.server.behaviour = () => undefined;
    const behind = tabs.current.add({ lastEventId: "0" });
    all.push(behind);
    await tabs.current.settle();
    const send = (): void => {
      const id = String(++tabs.current.last);
      tabs.current.server.connections[0]!.send(id, { id });
    };
    const [, catchUp] = tabs.current.server.connections;
    await without(behind, async () => {
      send();
      await tabs.current.settle();
    });
    tabs.current.server.behaviour = (connection) => tabs.current.serve(connection);
    send();
    await tabs.current.settle();
    expect(catchUp!.live).toBe(false);
    await pass(3);
    await publish();
    expectAll(all);
  });

  test("that the leader gave up is told so", async () => {
    const all = await openTabs(2);
    await without(all[1]!, async () => {
      tabs.current.server.latest.fail("status", { status: 410 });
      await tabs.current.settle();
    });
    tabs.current.server.behaviour = (connection) => connection.fail("status", { status: 410 });
    await pass(5);
    expect(all[1]!.source.state.status).toBe("closed");
  });
});

describe("a leader that missed", () => {
  test("a hello answers the next one", async () => {
    const all = await openTabs(2);
    let late: Tab | undefined;
    await without(all[0]!, async () => {
      late = await tabs.current.open();
    });
    expect(late!.source.state.status).toBe("connecting");
    await pass(2);
    await publish();
    await publish();
    expect(late!.source.state.status).toBe("open");
    expect(late!.got.at(-1)).toBe(String(tabs.current.last));
    expectAll(all);
  });

  test("a hello on a silent stream answers in some seconds", async () => {
    const [leader] = await openTabs(2);
    let late: Tab | undefined;
    await without(leader!, async () => {
      late = await tabs.current.open();
    });
    await pass(10);
    expect(late!.source.state.status).toBe("open");
    expect(tabs.current.locks.thefts).toBe(0);
  });

  test("that a follower asks again is not replaced", async () => {
    const all = await openTabs(3);
    for (let round = 0; round < 5; round++) {
      await without(all[0]!, () => pass(4));
      await pass(3);
    }
    expect(tabs.current.locks.thefts).toBe(0);
    await publish();
    expectAll(all);
  });
});

test("random misses: every event once in each tab", async () => {
  const all = await openTabs(4);
  for (let round = 0; round < 60; round++) {
    const tab = all[round % 4]!;
    tab.channel.isDeaf = round % 3 === 0;
    await publish(round % 5);
    if (round % 7 === 0) tabs.current.server.live[0]?.fail();
    await pass(round % 4);
  }
  for (const { channel } of all) channel.isDeaf = false;
  await pass(30);
  await publish();
  await pass(2);
  expectAll(all);
  expect(tabs.current.server.live).toHaveLength(1);
});
