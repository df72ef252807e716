import { describe, expect, test } from "vitest";
import type { Connection } from "../../support/unit/server.ts";
import { numbers, useTabs, type Tab } from "../../support/unit/tabs.ts";
import { seedRandom, tick, useWorld } from "../../support/unit/world.ts";

const tabs = useTabs();
useWorld();

const seeds = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

const pick = (count: number): number => Math.floor(Math.random() * count);

/** Repeats some events before the last id, and often fails while it does. */
function repeatAtRandom(connection: Connection): void {
  connection.open();
  const { lastEventId } = connection.request;
  if (!lastEventId) return;
  for (const id of numbers(Math.max(1, Number(lastEventId) + 1 - pick(6)), tabs.current.last)) {
    connection.send(id, { id });
    if (!pick(10)) {
      connection.fail();
      return;
    }
  }
}

/**
 * Each tab gets every event from its first one on, once and in order, whatever happens in whatever
 * order.
 */
describe.each([
  ["that repeats nothing", undefined],
  ["that repeats, with dedupe", repeatAtRandom],
])("a server %s", (_, behaviour) => {
  const run = async (seed: number): Promise<void> => {
    seedRandom(seed);
    const { server } = tabs.current;
    if (behaviour) server.behaviour = behaviour;
    const all: Tab[] = [];
    const options = {
      backoff: { startingDelay: 200 },
      pauseWhenHidden: 0,
      dedupe: behaviour ? 100_000 : 0,
    };
    const visit = (): void => void all.push(tabs.current.add(options));
    visit();
    for (let step = 0; step < 250; step++) {
      const tab = all[pick(all.length)]!;
      const dice = pick(100);
      if (dice < 40) tabs.current.step(pick(100));
      else if (dice < 60) await tick();
      else if (dice < 78) tabs.current.publish(pick(20) ? pick(3) : 700);
      else if (dice < 83) visit();
      else if (dice < 86) tab.source.close();
      else if (dice < 89) all.find(({ role }) => role === "leader")?.source.close();
      else if (dice < 92) tab.source.reconnect();
      else if (dice < 94) server.live[0]?.fail();
      else if (dice < 97) await tick(pick(300));
      else for (const channel of tabs.current.channels) channel.isSlow = pick(4) === 0;
    }
    visit();
    if (behaviour) server.behaviour = (connection) => tabs.current.serve(connection);
    for (const channel of tabs.current.channels) channel.isSlow = false;
    // Messages wait for 30 s in each round, so that followers take the leader for hung.
    for (let round = 0; round < 6; round++) {
      await tabs.current.settle();
      await tick(30_000);
    }
    for (let last = 0; last < 2; last++) {
      tabs.current.publish();
      await tabs.current.settle();
    }
    const open = all.filter(({ source }) => source.readyState !== source.CLOSED);
    expect(open.map(({ source }) => source.state.status)).toEqual(open.map(() => "open"));
    expect(server.live).toHaveLength(1);
    // A tab never had the events before its first one, so the server may repeat those.
    const sinceFirst = ({ got }: Tab): string[] =>
      behaviour ? got.filter((number) => Number(number) >= Number(got[0])) : got;
    for (const tab of open)
      expect(sinceFirst(tab)).toEqual(numbers(Number(tab.got[0]), tabs.current.last));
    for (const { got } of all) expect(new Set(got).size).toBe(got.length);
    for (const tab of all) {
      const heard = sinceFirst(tab);
      expect(heard).toEqual(heard.length ? numbers(Number(heard[0]), Number(heard.at(-1))) : []);
    }
  };
  test.each(seeds(0, 20))("random faults, seed %i", run);
  test.each(seeds(20, 60))("random faults, seed %i", { tags: "slow" }, run);
});
