import { beforeEach, describe, expect, test } from "vitest";
import { ORIGIN, type Connection } from "../../support/unit/server.ts";
import { numbers, useTabs, type Tab } from "../../support/unit/tabs.ts";
import { useWorld } from "../../support/unit/world.ts";

const tabs = useTabs();
useWorld();

const settle = (): Promise<void> => tabs.current.settle();

/** Publishes events, and delivers all messages. */
async function publish(count = 1): Promise<void> {
  tabs.current.publish(count);
  await settle();
}

function send(connection: Connection, from: number, to: number): void {
  for (const id of numbers(from, to)) connection.send(id, { id });
}

/** Resumes two events too early. */
function repeat(connection: Connection): void {
  connection.open();
  const { lastEventId } = connection.request;
  if (lastEventId) send(connection, Math.max(1, Number(lastEventId) - 2), tabs.current.last);
}

let first: Tab;
let second: Tab;
let third: Tab;

beforeEach(async () => {
  tabs.current.server.behaviour = repeat;
  first = await tabs.current.open({ dedupe: 10_000 });
  second = await tabs.current.open({ dedupe: 10_000 });
  third = await tabs.current.open({ dedupe: 10_000 });
});

describe("events that the server repeats are delivered once", () => {
  test("to the leader, the next leader, and followers", async () => {
    await publish(5);
    first.source.reconnect();
    await settle();
    await publish();
    first.source.close();
    await settle();
    await publish();
    expect([first.got, second.got, third.got]).toEqual([
      numbers(1, 6),
      numbers(1, 7),
      numbers(1, 7),
    ]);
    expect(tabs.current.server.connections.map(({ request }) => request.lastEventId)).toEqual([
      "",
      "5",
      "6",
    ]);
  });

  test("to a follower that gets events of two connections from the history", async () => {
    await publish(2);
    third.channel.isSlow = true;
    await publish(3);
    first.source.reconnect();
    await publish();
    third.source.reconnect();
    third.channel.isSlow = false;
    await settle();
    await publish();
    expect(third.got).toEqual(numbers(1, 7));
    expect(tabs.current.server.connections).toHaveLength(2);
  });

  test("to a follower that catches up while the leader reconnects", async () => {
    await publish(4);
    third.channel.isSlow = true;
    await publish(2500);
    tabs.current.server.behaviour = (connection) => void connection.open();
    third.source.reconnect();
    third.channel.isSlow = false;
    await settle();
    const catchUp = tabs.current.server.latest;
    expect(catchUp.request.lastEventId).toBe("4");
    send(catchUp, 2, 2503);
    first.source.reconnect();
    await settle();
    const again = tabs.current.server.latest;
    send(again, 2502, 2502);
    await settle();
    // The leader had this event when it answered.
    send(catchUp, 2504, 2504);
    expect(tabs.current.server.live).toEqual([again]);
    send(again, 2503, 2506);
    await settle();
    expect([first.got, third.got]).toEqual([numbers(1, 2506), numbers(1, 2506)]);
  });

  test("to a follower that is ahead of the new leader and does not know it", async () => {
    await publish(2);
    second.channel.isSlow = true;
    await publish(3);
    first.source.close();
    await settle();
    third.source.reconnect();
    await settle();
    second.channel.isSlow = false;
    await settle();
    await publish();
    expect([second.got, third.got]).toEqual([numbers(1, 6), numbers(1, 6)]);
  });

  test("to a follower whose last event is a repeat that the new leader has not had", async () => {
    await publish(5);
    // Resumes too early, and is cut before it comes to anything new.
    tabs.current.server.behaviour = (connection) => void connection.open();
    first.source.reconnect();
    await settle();
    send(tabs.current.server.latest, 3, 3);
    await settle();
    second.channel.isSlow = true;
    send(tabs.current.server.latest, 4, 4);
    await settle();
    first.source.close();
    await settle();
    // The second one leads, and knows the 4 only as an event before the 5.
    second.channel.isSlow = false;
    await settle();
    send(tabs.current.server.latest, 4, 6);
    await settle();
    expect([second.got, third.got]).toEqual([numbers(1, 6), numbers(1, 6)]);
  });
});

describe("an id that the server uses again within a connection is not a repeat", () => {
  test("for a follower that gets events of that connection after those of another one", async () => {
    tabs.current.server.behaviour = (connection) => void connection.open();
    await publish(2);
    third.channel.isSlow = true;
    // The same connection goes on, and uses the id 1 again.
    await publish(1);
    tabs.current.server.latest.send("1 again", { id: "1" });
    first.source.reconnect();
    await settle();
    await publish(1);
    // The third one gets the end of the first connection after it has heard of the second.
    third.source.reconnect();
    third.channel.isSlow = false;
    await settle();
    const expected = ["1", "2", "3", "1 again", "4"];
    expect([first.got, second.got, third.got]).toEqual([expected, expected, expected]);
  });
});

describe("an event without an id of its own is not a repeat", () => {
  const say = (data: string, inherited: boolean): void =>
    tabs.current.server.latest.sink.event("message", data, {
      lastEventId: "2",
      origin: ORIGIN,
      idInherited: inherited,
    });

  test("as the first of a connection", async () => {
    await publish(2);
    tabs.current.server.behaviour = (connection) => void connection.open();
    first.source.reconnect();
    await settle();
    say("2 a", true);
    await settle();
    expect([first.got, second.got]).toEqual([
      ["1", "2", "2 a"],
      ["1", "2", "2 a"],
    ]);
  });

  test("as the first that a follower gets after it rejoined", async () => {
    await publish(2);
    second.source.reconnect();
    await settle();
    say("2 a", false);
    await settle();
    expect(second.got).toEqual(["1", "2", "2 a"]);
  });
});
