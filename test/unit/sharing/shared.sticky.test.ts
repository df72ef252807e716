import { describe, expect, test } from "vitest";
import { sharedTransport, type ResilientEventSourceOptions } from "../../../src/index.ts";
import type { Connection } from "../../support/unit/server.ts";
import { useTabs, type Tab } from "../../support/unit/tabs.ts";
import { useWorld } from "../../support/unit/world.ts";

const tabs = useTabs();
useWorld();

const settle = (): Promise<void> => tabs.current.settle();

/** Each name with its data, in the order of arrival. */
const record = ({ source }: Tab): string[] => {
  const got: string[] = [];
  for (const name of ["snapshot", "limits", "message"])
    source.on(name, (data) => got.push(`${name} ${data}`));
  return got;
};

async function open(
  options: ResilientEventSourceOptions = {},
): Promise<{ tab: Tab; got: string[] }> {
  const { transport } = tabs.current.server;
  const tab = tabs.current.add({
    transport: sharedTransport(transport, { key: "stream", sticky: ["snapshot", "limits"] }),
    ...options,
  });
  const got = record(tab);
  await settle();
  return { tab, got };
}

/** Greets like a server that sends the whole state on each connection. */
function greet(connection: Connection): void {
  connection.open();
  connection.send("1", { type: "snapshot", id: "s1" });
  connection.send("a", { type: "limits", id: "s1" });
}

const send = async (data: string, type = "message"): Promise<void> => {
  tabs.current.server.live[0]!.send(data, { type, id: `id ${data}` });
  await settle();
};

describe("sticky events", () => {
  test("are given to whoever joins: the latest of each name, then what comes", async () => {
    tabs.current.server.behaviour = greet;
    const first = await open();
    await send("change");
    await send("2", "snapshot");
    await send("another change");
    const late = await open();
    expect(late.got).toEqual(["snapshot 2", "limits a"]);
    expect(late.tab.source.lastEventId).toBe("id another change");
    await send("3", "snapshot");
    expect(late.got).toEqual(["snapshot 2", "limits a", "snapshot 3"]);
    expect(first.got).toHaveLength(6);
  });

  test("say the id and the connection that they had", async () => {
    tabs.current.server.behaviour = greet;
    await open();
    await send("change");
    const late = tabs.current.add({
      dedupe: 100,
      transport: sharedTransport(tabs.current.server.transport, { key: "stream" }),
    });
    const ids: string[] = [];
    late.source.on("snapshot", (_, { lastEventId }) => ids.push(lastEventId));
    await settle();
    expect(ids).toEqual(["s1"]);
  });

  test("of the leader before are known to the next one", async () => {
    tabs.current.server.behaviour = greet;
    const first = await open();
    const second = await open();
    await send("2", "snapshot");
    tabs.current.server.behaviour = (connection) => void connection.open();
    first.tab.source.close();
    await settle();
    expect(second.tab.role).toBe("leader");
    expect((await open()).got).toEqual(["limits a", "snapshot 2"].sort().reverse());
    expect(second.got).toEqual(["snapshot 1", "limits a", "snapshot 2"]);
  });

  test("are not repeated to a source that has had them", async () => {
    tabs.current.server.behaviour = greet;
    await open();
    const second = await open();
    const expected = ["snapshot 1", "limits a"];
    second.tab.source.reconnect();
    await settle();
    expect(second.got).toEqual(expected);
    second.tab.channel.isSlow = true;
    await send("2", "snapshot");
    second.tab.source.reconnect();
    second.tab.channel.isSlow = false;
    await settle();
    expect(second.got).toEqual([...expected, "snapshot 2"]);
  });

  test("are subscribed to, even if nobody listens", async () => {
    tabs.current.add({
      transport: sharedTransport(tabs.current.server.transport, {
        key: "stream",
        sticky: ["snapshot"],
      }),
    });
    await settle();
    expect([...tabs.current.server.latest.request.names]).toEqual(["message", "snapshot"]);
  });

  test("without the option there are none", async () => {
    tabs.current.server.behaviour = greet;
    const plain = { transport: sharedTransport(tabs.current.server.transport, { key: "stream" }) };
    await open(plain);
    expect((await open(plain)).got).toEqual([]);
  });

  test("close() in a listener of one ends it", async () => {
    tabs.current.server.behaviour = greet;
    await open();
    const { transport } = tabs.current.server;
    const tab = tabs.current.add({
      transport: sharedTransport(transport, { key: "stream", sticky: ["snapshot", "limits"] }),
    });
    tab.source.on("snapshot", () => tab.source.close());
    const got = record(tab);
    await settle();
    expect(got).toEqual(["snapshot 1"]);
  });

  test.each(["snapshot", [1], null, {}])("must be an array of names: %j", (sticky) => {
    expect(() => sharedTransport(undefined, { sticky: sticky as never })).toThrow(
      new TypeError("sharedTransport: sticky must be an array of event names"),
    );
  });
});
