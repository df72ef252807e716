import { describe, expect, test, vi } from "vitest";
import {
  eventSourceTransport,
  fetchTransport,
  sharedTransport,
  type ResilientEventSource,
  type ResilientEventSourceOptions,
  type StreamUrl,
  type Transport,
} from "../../../src/index.ts";
import { FakePage } from "../../support/unit/page.ts";
import { FakeServer, ORIGIN } from "../../support/unit/server.ts";
import { numbers, useTabs, type Tab } from "../../support/unit/tabs.ts";
import { connect, HOUR, leftovers, NOTHING, tick, useWorld } from "../../support/unit/world.ts";

const tabs = useTabs();
useWorld();

const open = (options?: ResilientEventSourceOptions): Promise<Tab> => tabs.current.open(options);
const settle = (): Promise<void> => tabs.current.settle();
const asked = (): string[] =>
  tabs.current.server.connections.map(({ request }) => request.lastEventId);

/** Publishes events, and delivers all messages. */
async function publish(count = 1): Promise<void> {
  tabs.current.publish(count);
  await settle();
}

async function openTabs(count: number, options?: ResilientEventSourceOptions): Promise<Tab[]> {
  const all: Tab[] = [];
  while (all.length < count) all.push(await open(options));
  return all;
}

describe("what is shared", () => {
  const nowhere: Transport = () => new Promise(() => {});

  test.each([{ key: "mine" }, "mine", null])(
    "the first argument is a transport, not %j",
    (inner) => {
      expect(() => sharedTransport(inner as never)).toThrow(
        new TypeError("sharedTransport: its first argument must be a transport or undefined"),
      );
    },
  );

  test("a transport whose requests cannot be compared needs a key", () => {
    const message =
      "sharedTransport needs the option key: it cannot compare the requests of this inner transport";
    for (const inner of [
      nowhere,
      fetchTransport(() => ({})),
      fetchTransport({ fetch }),
      fetchTransport({ method: "POST", body: "x" }),
      eventSourceTransport(EventTarget as never),
      sharedTransport(fetchTransport()),
    ]) {
      expect(() => sharedTransport(inner)).toThrow(new TypeError(message));
      expect(() => sharedTransport(inner, { key: "mine" })).not.toThrow();
    }
    for (const inner of [
      undefined,
      fetchTransport(),
      fetchTransport({ headers: { A: "b" } }),
      eventSourceTransport(),
    ])
      expect(() => sharedTransport(inner)).not.toThrow();
  });

  test("the end of the leader's stream is no failure of the transport", async () => {
    const shared = sharedTransport(tabs.current.server.transport, { key: "mine" });
    const ends: string[] = [];
    const transport: Transport = async (request, sink) => {
      await shared(request, sink).then(
        () => ends.push("resolved"),
        () => ends.push("rejected"),
      );
    };
    connect({ transport });
    await settle();
    tabs.current.server.latest.open().end();
    await settle();
    expect(ends).toEqual(["resolved"]);
  });

  interface Stream {
    url?: string;
    options?: ResilientEventSourceOptions;
    key?: string;
    innerKey?: string | undefined;
  }
  const stream = ({
    url = `${ORIGIN}/stream`,
    options,
    key,
    innerKey = fetchTransport().key,
  }: Stream): ResilientEventSource =>
    connect(
      {
        transport: sharedTransport(Object.assign(nowhere.bind(null), { key: innerKey }), { key }),
        ...options,
      },
      url,
    ).source;
  const names = async (...streams: Stream[]): Promise<number> => {
    const sources = streams.map(stream);
    await settle();
    const found = new Set(tabs.current.channels.map(({ name }) => name)).size;
    expect(tabs.current.locks.held.size).toBe(found);
    for (const source of sources) source.close();
    return found;
  };

  test("streams whose requests differ in anything are never mixed", async () => {
    expect(
      await names(
        {},
        { url: `${ORIGIN}/other` },
        { url: `${ORIGIN}/stream?a` },
        { options: { withCredentials: true } },
        { options: { resume: "header" } },
        { options: { resume: { query: "after" } } },
        { options: { resume: { query: ["after", "since"] } } },
        { innerKey: fetchTransport({ headers: { Authorization: "a" } }).key },
        { innerKey: fetchTransport({ headers: { Authorization: "b" } }).key },
        { innerKey: fetchTransport({ credentials: "omit" }).key },
        { innerKey: eventSourceTransport().key },
        { key: "mine" },
        { key: `${ORIGIN}/stream` },
      ),
    ).toBe(13);
  });

  test("streams whose requests are the same are one", async () => {
    expect(
      await names(
        {},
        {
          options: {
            backoff: { startingDelay: 1 },
            dedupe: 10,
            heartbeatTimeout: 1000,
            lastEventId: "7",
          },
        },
        { innerKey: fetchTransport({}).key },
        { innerKey: fetchTransport({ headers: {} }).key },
      ),
    ).toBe(1);
    expect(
      await names(
        { innerKey: fetchTransport({ headers: { Authorization: "a" } }).key },
        { innerKey: fetchTransport({ headers: new Headers([["authorization", "a"]]) }).key },
      ),
    ).toBe(1);
  });

  test("an application's key replaces everything else", async () => {
    expect(
      await names(
        { key: "mine" },
        { key: "mine", url: `${ORIGIN}/stream?token=1`, innerKey: undefined },
      ),
    ).toBe(1);
  });

  test("a resume function needs a key: functions cannot be compared", async () => {
    const resume = (url: URL): URL => url;
    const source = stream({ options: { resume } });
    await settle();
    expect(source.state).toMatchObject({
      status: "closed",
      error: { reason: "unsupported", message: expect.stringContaining("key") },
    });
    expect(await names({ options: { resume }, key: "mine" })).toBe(1);
  });

  test("a URL that changes between attempts is another stream", async () => {
    let room = 1;
    const url: StreamUrl = () => `${ORIGIN}/room/${room}`;
    const { server } = tabs.current;
    const inner = Object.assign(server.transport.bind(null), { key: "test" });
    const stays = connect({ transport: sharedTransport(inner) }, `${ORIGIN}/room/1`);
    const moves = connect({ transport: sharedTransport(inner) }, url);
    await settle();
    room = 2;
    moves.source.reconnect();
    await settle();
    expect(server.live.map(({ request }) => request.url)).toEqual([
      `${ORIGIN}/room/1`,
      `${ORIGIN}/room/2`,
    ]);
    // A leader that moves gives its room up to another source.
    const visits = connect({ transport: sharedTransport(inner) }, `${ORIGIN}/room/2`);
    await settle();
    room = 3;
    moves.source.reconnect();
    await settle();
    expect(server.live.map(({ request }) => request.url).sort()).toEqual(
      [1, 2, 3].map((number) => `${ORIGIN}/room/${number}`),
    );
    expect([stays, visits, moves].map(({ source }) => source.state.status)).toEqual([
      "open",
      "open",
      "open",
    ]);
  });
});

describe("without Web Locks or BroadcastChannel", () => {
  // A function that can be called as a constructor.
  function denied(): never {
    throw new DOMException("The operation is insecure.", "SecurityError");
  }

  test.each<[string, Record<string, unknown>, string]>([
    ["no navigator", { navigator: undefined }, "there are no Web Locks here"],
    ["no Web Locks", { navigator: {}, isSecureContext: true }, "there are no Web Locks here"],
    [
      "an insecure page",
      { navigator: {}, isSecureContext: false },
      "Web Locks need HTTPS or localhost",
    ],
    ["no BroadcastChannel", { BroadcastChannel: undefined }, "there is no BroadcastChannel here"],
    [
      "a denied BroadcastChannel (Firefox with blocked cookies)",
      { BroadcastChannel: denied },
      "the browser denies it, as it does in sandboxed frames and with blocked cookies (The operation is insecure.)",
    ],
    [
      "Web Locks that throw",
      { navigator: { locks: { request: denied } } },
      "the browser denies it, as it does in sandboxed frames and with blocked cookies (The operation is insecure.)",
    ],
    [
      "Web Locks that reject (a sandboxed frame)",
      { navigator: { locks: { request: async () => denied() } } },
      "the browser denies it, as it does in sandboxed frames and with blocked cookies (The operation is insecure.)",
    ],
  ])("%s: the inner transport is used, with one warning", async (_, globals, reason) => {
    vi.resetModules();
    const fresh = await import("../../../src/index.ts");
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    const all = Array.from({ length: 3 }, () => {
      const server = new FakeServer();
      const transport = fresh.sharedTransport(server.transport, { key: "k" });
      return { ...connect({ transport }), server };
    });
    await tick();
    for (const { server } of all) expect(server.connections).toHaveLength(1);
    expect(warn.mock.calls).toEqual([
      [`sharedTransport: every source has a connection of its own: ${reason}`],
    ]);
    for (const { source, server } of all) {
      server.latest.open();
      expect(source.state).not.toHaveProperty("role");
      server.latest.end();
      await tick();
      expect(source.state.status).toBe("waiting");
    }
  });
});

describe("one connection", () => {
  test("for ten sources, each of which gets every event once and in order", async () => {
    const all = await openTabs(10);
    expect(all.map(({ role }) => role)).toEqual(["leader", ...Array<string>(9).fill("follower")]);
    expect(tabs.current.server.connections).toHaveLength(1);
    await publish(100);
    for (const { got, log } of all) {
      expect(got).toEqual(numbers(1, 100));
      expect(log.filter((line) => line === "open")).toHaveLength(1);
    }
  });

  test("events have the same type, id and origin everywhere", async () => {
    const [, follower] = await openTabs(2);
    const heard: Event[] = [];
    follower!.source.addEventListener("price", (event: Event) => heard.push(event));
    await settle();
    tabs.current.server.latest.send("1.5", { type: "price", id: "7" });
    await settle();
    expect(heard).toMatchObject([{ type: "price", data: "1.5", lastEventId: "7", origin: ORIGIN }]);
    expect(follower!.source.lastEventId).toBe("7");
  });

  test("a source that joins is open at once, with status and headers, and continues from there", async () => {
    await open();
    tabs.current.server.latest.sink.lastEventId("");
    await publish(5);
    const opens: unknown[] = [];
    const late = tabs.current.add();
    late.source.onopen = ({ status }) => opens.push(status);
    await settle();
    expect(opens).toEqual([200]);
    expect([late.role, late.source.lastEventId, late.got]).toEqual(["follower", "5", []]);
    await publish();
    expect(late.got).toEqual(["6"]);
  });

  test("a source that joins while the leader connects opens together with it", async () => {
    tabs.current.server.behaviour = () => {};
    const all = await openTabs(3);
    expect(all.map(({ source }) => source.state.status)).toEqual([
      "connecting",
      "connecting",
      "connecting",
    ]);
    tabs.current.server.latest.open();
    await settle();
    expect(all.map(({ role }) => role)).toEqual(["leader", "follower", "follower"]);
  });

  test("ids without events, retry and comments reach the followers", async () => {
    const [, follower] = await openTabs(2, { heartbeatTimeout: 4000, backoff: { jitter: "none" } });
    const { sink } = tabs.current.server.latest;
    sink.lastEventId("77");
    sink.retry(7000);
    for (let second = 0; second < 20; second++) {
      await tick(1000);
      sink.activity();
      await settle();
    }
    expect(follower!.source.state.status).toBe("open");
    expect(follower!.source.lastEventId).toBe("77");
  });

  test("the leader subscribes to the names of all members, and so does the next leader", async () => {
    const [first, second, third] = await openTabs(3);
    const heardNames = (): string[] => [...tabs.current.server.latest.request.names].sort();
    const observed: string[] = [];
    tabs.current.server.latest.request.names.observe((name) => observed.push(name));
    third!.source.on("price", () => {});
    await settle();
    expect(observed).toEqual(["price"]);
    await open({}).then(({ source }) => source.on("volume", () => {}));
    await settle();
    first!.source.close();
    await settle();
    expect([second!.role, heardNames()]).toEqual(["leader", ["message", "price", "volume"]]);
  });

  test("a new leader that missed a hello gets its names", async () => {
    const [first, second, third] = await openTabs(3);
    second!.source.on("price", () => {});
    await settle();
    // The second one queues for the lock again, behind the third.
    third!.source.reconnect();
    await settle();
    second!.source.reconnect();
    await tick();
    const { jobs } = tabs.current;
    tabs.current.jobs = jobs.filter(({ channel }) => !channel || channel === first!.channel);
    await settle();
    first!.source.close();
    await settle();
    expect(third!.role).toBe("leader");
    expect([...tabs.current.server.latest.request.names].sort()).toEqual(["message", "price"]);
  });
});

describe("hand-over", () => {
  test.each<[string, (leader: Tab) => void]>([
    ["closes", ({ source }) => source.close()],
    [
      "crashes",
      ({ source, channel }) => {
        channel.close();
        source.close();
      },
    ],
  ])(
    "when the leader %s, the next one resumes after the last id, without an error anywhere",
    async (_, end) => {
      const all = await openTabs(5);
      await publish(3);
      for (const [index, leader] of all.slice(0, 4).entries()) {
        expect(leader.role).toBe("leader");
        end(leader);
        tabs.current.publish(2);
        await settle();
        await publish(2);
        expect(tabs.current.server.live).toHaveLength(1);
        for (const { got, log } of all.slice(index + 1)) {
          expect(got).toEqual(numbers(1, tabs.current.last));
          expect(log.filter((line) => line.startsWith("error"))).toEqual([]);
        }
      }
      expect(asked()).toEqual(["", "3", "7", "11", "15"]);
    },
  );

  test("followers ahead of the new leader get no event twice", async () => {
    const [first, second, third] = await openTabs(3);
    await publish(2);
    second!.channel.isSlow = true;
    tabs.current.publish(3);
    await settle();
    expect([second!.got, third!.got]).toEqual([numbers(1, 2), numbers(1, 5)]);
    first!.source.close();
    await settle();
    expect([second!.role, asked().at(-1)]).toEqual(["leader", "2"]);
    second!.channel.isSlow = false;
    await publish(2);
    expect([second!.got, third!.got]).toEqual([numbers(1, 7), numbers(1, 7)]);
  });

  test("nor if the server has forgotten some of them", async () => {
    const [first, second, third] = await openTabs(3);
    await publish(2);
    second!.channel.isSlow = true;
    tabs.current.publish(4);
    await settle();
    first!.source.close();
    tabs.current.first = 5;
    await settle();
    second!.channel.isSlow = false;
    await publish();
    expect([second!.got, third!.got]).toEqual([["1", "2", "5", "6", "7"], numbers(1, 7)]);
  });

  test("followers behind it get the missing events from its history", async () => {
    const [first, second, third] = await openTabs(3);
    await publish(2);
    third!.channel.isSlow = true;
    await publish(3);
    first!.source.close();
    tabs.current.publish(2);
    await settle();
    third!.channel.isSlow = false;
    await settle();
    await publish();
    expect([second!.got, third!.got]).toEqual([numbers(1, 8), numbers(1, 8)]);
    expect(tabs.current.server.connections).toHaveLength(2);
  });

  test("a follower behind the history asks the server until it has caught up", async () => {
    await openTabs(1);
    await publish(1);
    const back = await open({ lastEventId: "1" });
    tabs.current.server.behaviour = () => {};
    back.source.close();
    await publish(2500);
    const again = tabs.current.add({ lastEventId: "1" });
    await settle();
    expect(tabs.current.server.live).toHaveLength(2);
    // The leader goes on in the meantime.
    await publish(0);
    tabs.current.last += 3;
    for (const number of [2501, 2502, 2503, 2504])
      if (number > 2501)
        tabs.current.server.connections[0]!.send(String(number), { id: String(number) });
    await settle();
    expect(again.got).toEqual([]);
    tabs.current.serve(tabs.current.server.latest);
    await settle();
    expect(again.got).toEqual(numbers(2, 2504));
    expect(tabs.current.server.live).toHaveLength(1);
    await publish();
    expect(again.got.at(-1)).toBe("2505");
    expect(new Set(again.got).size).toBe(2504);
  });

  test("a follower behind the server's log gets what the server still has", async () => {
    const first = await open();
    await publish(2500);
    tabs.current.server.behaviour = () => {};
    const behind = tabs.current.add({ lastEventId: "1" });
    await settle();
    for (const number of [2501, 2502, 2503])
      tabs.current.server.connections[0]!.send(String(number), { id: String(number) });
    await settle();
    Object.assign(tabs.current, { last: 2503, first: 2502 });
    tabs.current.serve(tabs.current.server.latest);
    expect(tabs.current.server.live).toHaveLength(1);
    await publish();
    expect(behind.got).toEqual(numbers(2502, 2504));
    expect(first.got).toEqual(numbers(1, 2504));
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("every event keeps the origin it came from: from the history and from the server", async () => {
    const origins = (tab: Tab): string[] => {
      const heard: string[] = [];
      tab.source.addEventListener("message", ({ origin, data }) => heard.push(`${data} ${origin}`));
      return heard;
    };
    const send = (number: number, origin: string): void => {
      const meta = { lastEventId: String(number), origin };
      tabs.current.server.latest.sink.event("message", String(number), meta);
    };
    const leader = origins(await open());
    send(1, "https://a.example");
    send(2, "https://b.example");
    await settle();
    // A redirect to another server, after which the connection continues.
    const replayed = origins(tabs.current.add({ lastEventId: "1" }));
    await settle();
    tabs.current.server.behaviour = (connection) => connection.open();
    const caughtUp = origins(tabs.current.add({ lastEventId: "0" }));
    await settle();
    send(1, "https://c.example");
    send(2, "https://c.example");
    expect(leader).toEqual(["1 https://a.example", "2 https://b.example"]);
    expect(replayed).toEqual(["2 https://b.example"]);
    expect(caughtUp).toEqual(["1 https://c.example", "2 https://c.example"]);
  });

  test("followers catch up one after the other: the server never has more than two connections", async () => {
    await open();
    await publish(2500);
    let most = 0;
    tabs.current.server.behaviour = (connection) => {
      most = Math.max(most, tabs.current.server.live.length);
      setTimeout(() => tabs.current.serve(connection), 1000);
    };
    const behind = numbers(1, 5).map((lastEventId) => tabs.current.add({ lastEventId }));
    for (let second = 0; second < 4; second++) {
      await tabs.current.pass(1);
      const next = String(++tabs.current.last);
      tabs.current.server.connections[0]!.send(next, { id: next });
    }
    await tabs.current.pass(4);
    expect(most).toBe(2);
    for (const [index, { got }] of behind.entries()) expect(got).toEqual(numbers(index + 2, 2504));
  });

  test("nobody waits longer than 15 s for a tab that catches up and hangs", async () => {
    await open();
    await publish(2500);
    tabs.current.server.behaviour = () => undefined;
    const stuck = tabs.current.add({ lastEventId: "1" });
    await settle();
    stuck.channel.isSlow = true;
    tabs.current.server.behaviour = (connection) => tabs.current.serve(connection);
    // The deadline of the hung tab does not run.
    const locks = tabs.current.locks;
    const name = [...locks.held.keys()].find((held) => held.endsWith("catch up"))!;
    stuck.source.close();
    await settle();
    void locks.request(name, {}, () => new Promise((resolve) => setTimeout(resolve, 60_000)));
    const behind = tabs.current.add({ lastEventId: "1" });
    await tabs.current.pass(14);
    expect(behind.got).toEqual([]);
    await tabs.current.pass(2);
    expect(behind.got).toEqual(numbers(2, 2500));
    await tabs.current.pass(60);
  });

  test("catching up reaches an id without an event: from the history and from the server", async () => {
    await open();
    await publish(2);
    tabs.current.server.latest.sink.lastEventId("5");
    const behind = await open({ lastEventId: "1" });
    expect([behind.got, behind.source.lastEventId]).toEqual([["2"], "5"]);
    tabs.current.server.behaviour = () => {};
    const farBehind = await open({ lastEventId: "a" });
    tabs.current.server.latest.open().sink.lastEventId("5");
    expect(farBehind.source.lastEventId).toBe("5");
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("a failed catch-up is an error, and is retried", async () => {
    await open();
    await publish(2500);
    tabs.current.server.behaviour = () => {};
    const behind = tabs.current.add({ lastEventId: "1" });
    await settle();
    tabs.current.server.latest.fail();
    await settle();
    expect(behind.source.state).toMatchObject({ status: "waiting", error: { reason: "network" } });
    tabs.current.server.behaviour = (connection) => tabs.current.serve(connection);
    await tick(1500);
    await settle();
    await publish();
    expect(behind.got).toEqual(numbers(2, 2501));
  });

  test("a silent catch-up times out, whatever the leader hears", async () => {
    await open();
    await publish(2500);
    const { sink } = tabs.current.server.latest;
    tabs.current.server.behaviour = () => {};
    const behind = tabs.current.add({ lastEventId: "1", heartbeatTimeout: 4000 });
    for (let second = 0; second < 16; second++) {
      await settle();
      sink.activity();
      await tick(1000);
    }
    expect(behind.log.at(-1)).toMatch(/^error: .*timeout$/);
    // It tries again, and the deadline starts again with each event.
    tabs.current.server.behaviour = (connection) => void connection.open();
    await tabs.current.pass(2);
    const again = tabs.current.server.latest;
    for (const id of numbers(2, 5)) {
      again.send(id, { id });
      await tabs.current.pass(10);
    }
    for (const id of numbers(6, 2501)) again.send(id, { id });
    await publish();
    expect([behind.got, again.live]).toEqual([numbers(2, 2501), false]);
  });

  test("a catch-up that falls further and further behind fails, and is retried", async () => {
    const first = await open();
    await publish(2500);
    tabs.current.server.behaviour = (connection) => void connection.open();
    const behind = tabs.current.add({ lastEventId: "1" });
    await settle();
    const long = "x".repeat(2 ** 20);
    for (let id = 2501; id <= 2510; id++) {
      tabs.current.server.connections[0]!.send(long, { id: String(id) });
      await settle();
    }
    expect(behind.source.state).toMatchObject({ status: "waiting", error: { reason: "timeout" } });
    expect(tabs.current.server.live).toHaveLength(1);
    tabs.current.server.behaviour = (connection) => {
      connection.open();
      for (const id of numbers(2, 2511)) connection.send(id, { id });
    };
    tabs.current.last = 2510;
    await tabs.current.pass(3);
    await publish();
    expect(behind.got).toEqual(numbers(2, 2511));
    expect(first.source.state.status).toBe("open");
  });

  test("when the leader closes, a follower that catches up starts over with the next leader", async () => {
    const [first, second] = await openTabs(2);
    await publish(2500);
    tabs.current.server.behaviour = (connection) => void connection.open();
    const behind = tabs.current.add({ lastEventId: "1" });
    await settle();
    const catchUp = tabs.current.server.latest;
    catchUp.send("2", { id: "2" });
    expect(behind.got).toEqual(["2"]);
    tabs.current.server.behaviour = (connection) => tabs.current.serve(connection);
    first!.source.close();
    tabs.current.last += 5;
    await settle();
    expect(catchUp.live).toBe(false);
    await publish();
    expect(second!.got).toEqual(numbers(1, 2506));
    expect(behind.got).toEqual(numbers(2, 2506));
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("a follower that becomes the leader while it catches up resumes after its own last id", async () => {
    const first = await open();
    await publish(2500);
    tabs.current.server.behaviour = (connection) => void connection.open();
    const behind = tabs.current.add({ lastEventId: "1" });
    await settle();
    tabs.current.server.latest.send("2", { id: "2" });
    tabs.current.server.behaviour = (connection) => tabs.current.serve(connection);
    first.source.close();
    await settle();
    await publish();
    expect([behind.role, behind.got]).toEqual(["leader", numbers(2, 2501)]);
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("a new leader without an id makes no follower lose events", async () => {
    const old = await open();
    await publish(3);
    // The old leader fails and closes while it waits, and the next leader is a new source.
    const known = await open({ backoff: { startingDelay: 10_000, jitter: "none" } });
    tabs.current.server.latest.fail();
    await settle();
    old.source.close();
    tabs.current.publish(3);
    const fresh = await open();
    // The follower that waited is back with it, and asks the server for what it missed.
    expect([fresh.role, asked().slice(-2)]).toEqual(["leader", ["", "3"]]);
    await publish(2);
    expect(fresh.got).toEqual(numbers(7, 8));
    expect(known.got).toEqual(numbers(4, 8));
    expect(tabs.current.server.live).toHaveLength(1);
  });

  test("late messages of an old leader do no harm", async () => {
    const [first, second] = await openTabs(2);
    await publish(2);
    const late = tabs.current.add({ lastEventId: "1" });
    // The first leader answers the late one's hello, but the messages of the second overtake it.
    await tick();
    while (tabs.current.jobs.some(({ channel }) => channel === first!.channel)) tabs.current.step();
    const answers = tabs.current.jobs.filter(({ channel }) => channel === late.channel);
    tabs.current.jobs = tabs.current.jobs.filter((job) => !answers.includes(job));
    first!.source.close();
    await settle();
    expect(second!.role).toBe("leader");
    tabs.current.jobs.push(...answers);
    await settle();
    await publish(3);
    expect(late.got).toEqual(numbers(2, 5));
  });

  test("events of one task travel together", async () => {
    const [, follower] = await openTabs(2);
    tabs.current.publish(50);
    await tick();
    expect(tabs.current.jobs.filter(({ channel }) => channel === follower!.channel)).toHaveLength(
      1,
    );
  });
});

describe("an outage", () => {
  const waits = { backoff: { startingDelay: 10_000, jitter: "none" } } as const;

  test("followers show the error and the leader's delay, not their own", async () => {
    const leader = await open(waits);
    const followers = await openTabs(4, { backoff: { startingDelay: 100 } });
    const retryAt = Date.now() + 10_000;
    tabs.current.server.latest.fail("status", { status: 503 });
    await settle();
    for (const { source, log } of [leader, ...followers]) {
      expect(source.state).toMatchObject({
        status: "waiting",
        delay: 10_000,
        retryAt,
        error: { reason: "status", status: 503 },
      });
      expect(log.at(-1)).toBe("error: retry 1 in 10000, status");
    }
  });

  test("also in pages, where a source's own errors have a grace period", async () => {
    const { window, document } = new FakePage();
    vi.stubGlobal("window", window);
    vi.stubGlobal("document", document);
    const [leader, follower] = await openTabs(2, waits);
    tabs.current.server.latest.fail();
    for (let step = 0; step < 20; step++) {
      await tick(10);
      await settle();
    }
    const { state } = leader!.source;
    expect(state.status === "waiting" && state.retryAt).toBeGreaterThan(0);
    expect(follower!.source.state).toMatchObject({
      status: "waiting",
      retryAt: state.status === "waiting" && state.retryAt,
    });
  });

  test("the leader keeps the lock, and makes one attempt per wait", async () => {
    tabs.current.server.behaviour = (connection) => connection.fail();
    const all = await openTabs(10, { ...waits, backoff: { ...waits.backoff, maxDelay: 10_000 } });
    for (let round = 1; round <= 20; round++) {
      expect(tabs.current.server.connections).toHaveLength(round);
      await tick(9999);
      await settle();
      expect(tabs.current.server.connections).toHaveLength(round);
      await tick(1);
      await settle();
    }
    tabs.current.server.behaviour = (connection) => tabs.current.serve(connection);
    await tick(10_000);
    await settle();
    expect(all.map(({ role }) => role)).toEqual(["leader", ...Array<string>(9).fill("follower")]);
  });

  test("also if attempts end by connectTimeout", async () => {
    tabs.current.server.behaviour = () => {};
    await openTabs(10, { connectTimeout: 5000, backoff: { ...waits.backoff, maxDelay: 10_000 } });
    for (let round = 1; round <= 5; round++) {
      expect(tabs.current.server.connections).toHaveLength(round);
      await tick(5000);
      await settle();
      await tick(10_000);
      await settle();
    }
  });

  test("a source that joins while the leader waits shows the rest of the wait", async () => {
    await open(waits);
    tabs.current.server.latest.fail();
    await settle();
    const retryAt = Date.now() + 10_000;
    await tick(4000);
    const late = await open();
    expect(late.source.state).toMatchObject({ status: "waiting", delay: 6000, retryAt });
    await tick(5500);
    expect((await open()).source.state.status).toBe("connecting");
    await tick(500);
    await settle();
    expect(late.role).toBe("follower");
    expect(tabs.current.server.connections).toHaveLength(2);
  });

  test.each(["leader", "follower"])("reconnect() of the %s ends the wait of all", async (who) => {
    const [leader, follower, other] = await openTabs(3, waits);
    await publish(2);
    tabs.current.server.latest.fail();
    await settle();
    await tick(1000);
    (who === "leader" ? leader! : follower!).source.reconnect();
    await settle();
    expect(tabs.current.server.connections).toHaveLength(2);
    expect([leader!.role, (who === "leader" ? leader! : follower!).source.state.status]).toEqual([
      "leader",
      "open",
    ]);
    await publish(1);
    await tick(10_000);
    await settle();
    await publish(1);
    expect([leader, follower, other].map((tab) => tab!.got)).toEqual(
      [1, 2, 3].map(() => numbers(1, 4)),
    );
    expect(tabs.current.server.connections).toHaveLength(2);
  });

  test("reconnect() of an open leader replaces the connection, and it stays the leader", async () => {
    const [leader, follower] = await openTabs(2);
    await publish(2);
    leader!.source.reconnect();
    tabs.current.publish(1);
    await settle();
    await publish(2);
    expect([leader!.role, asked()]).toEqual(["leader", ["", "2"]]);
    expect([leader!.got, follower!.got]).toEqual([numbers(1, 5), numbers(1, 5)]);
  });

  test("a leader that is closed while it waits releases the lock", async () => {
    const [leader, follower] = await openTabs(2, waits);
    tabs.current.server.latest.fail();
    await settle();
    leader!.source.close();
    await settle();
    expect(tabs.current.locks.held.size).toBe(0);
    await tick(10_000);
    await settle();
    expect(follower!.role).toBe("leader");
  });

  test("giving up reaches the followers", async () => {
    const all = await openTabs(5);
    tabs.current.server.behaviour = (connection) => connection.fail("status", { status: 403 });
    tabs.current.server.latest.fail("status", { status: 403 });
    await settle();
    for (const { source, log } of all) {
      expect(source.state).toMatchObject({
        status: "closed",
        error: { reason: "status", status: 403 },
      });
      expect(log.at(-1)).toBe("error: final, status");
    }
    expect(tabs.current.server.connections).toHaveLength(1);
    await tabs.current.pass(1);
    // They listen for a reconnect() in another tab.
    expect(tabs.current.leftovers).toEqual({ channels: 5, held: 0, waiting: 0 });
    for (const { source } of all) source.close();
    await settle();
    expect(tabs.current.leftovers).toEqual({ channels: 0, held: 0, waiting: 0 });
    expect(leftovers()).toEqual(NOTHING);
  });

  test("connectTimeout applies to a new leader that was open as a follower", async () => {
    const [first, second] = await openTabs(2, { connectTimeout: 5000 });
    tabs.current.server.behaviour = () => {};
    first!.source.close();
    await settle();
    await tick(5000);
    await settle();
    expect(second!.source.state).toMatchObject({ status: "waiting", error: { reason: "timeout" } });
    tabs.current.server.behaviour = (connection) => tabs.current.serve(connection);
    await tick(1500);
    await settle();
    await tick(HOUR);
    expect(second!.role).toBe("leader");
    expect(tabs.current.server.live).toHaveLength(1);
  });
});

describe("close()", () => {
  const phases: Record<string, (tab: () => Tab) => Promise<unknown>> = {
    "before it has connected": async () => {},
    "while it says hello": () => tick(),
    "while it connects": async () => {
      tabs.current.server.behaviour = () => {};
      await settle();
    },
    "while it is open": () => settle(),
    "while it waits": async () => {
      tabs.current.server.behaviour = (connection) => connection.fail();
      await settle();
    },
    "after giving up": async () => {
      tabs.current.server.behaviour = (connection) => connection.fail("status", { status: 404 });
      await settle();
    },
  };

  test.each(Object.keys(phases))(
    "leaves no channel, lock or timer: %s, alone and as a follower",
    async (phase) => {
      for (const others of [0, 1]) {
        const company = await openTabs(others);
        const before = tabs.current.leftovers;
        const tab = tabs.current.add();
        await phases[phase]!(() => tab);
        tab.source.close();
        await settle();
        if (!others) expect(leftovers()).toEqual(NOTHING);
        expect(tabs.current.leftovers).toEqual(before);
        for (const { source } of company) source.close();
        await settle();
        expect(tabs.current.leftovers).toEqual({ channels: 0, held: 0, waiting: 0 });
        expect(leftovers()).toEqual(NOTHING);
        tabs.current.server.behaviour = (connection) => tabs.current.serve(connection);
      }
    },
  );

  test("in an open listener: the source does not catch up", async () => {
    await open();
    await publish(2500);
    const behind = tabs.current.add({ lastEventId: "1" });
    behind.source.onopen = () => behind.source.close();
    await settle();
    expect(tabs.current.server.connections).toHaveLength(1);
  });

  test("in a listener, between events that arrived together: no more are delivered", async () => {
    const all = await openTabs(3);
    for (const { source } of all) source.on("message", (data) => data === "3" && source.close());
    await publish(5);
    expect(all.map(({ got }) => got)).toEqual([1, 2, 3].map(() => numbers(1, 3)));
    expect(tabs.current.server.live).toHaveLength(0);
  });

  test("reconnect() in a listener loses and repeats nothing", async () => {
    const all = await openTabs(3);
    for (const { source, got } of all)
      source.on("message", (data) => data === "3" && got.length === 3 && source.reconnect());
    await publish(5);
    await publish(1);
    expect(all.map(({ got }) => got)).toEqual([1, 2, 3].map(() => numbers(1, 6)));
  });

  test("flat after 200 hand-overs and 500 visits", async () => {
    let leader = await open();
    for (let round = 0; round < 200; round++) {
      const next = await open();
      leader.source.close();
      await settle();
      leader = next;
    }
    const before = leftovers();
    for (let round = 0; round < 500; round++) (await open()).source.close();
    await settle();
    expect(leftovers()).toEqual(before);
    expect(tabs.current.server.live).toHaveLength(1);
    expect(tabs.current.leftovers).toEqual({ channels: 1, held: 1, waiting: 0 });
  });

  test("flat after 500 reconnects of the leader", async () => {
    const [leader] = await openTabs(2);
    const { abortListeners } = leftovers();
    for (let round = 0; round < 500; round++) {
      leader!.source.reconnect();
      await settle();
    }
    expect(leftovers().abortListeners).toBeLessThanOrEqual(abortListeners);
    expect(tabs.current.server.live).toHaveLength(1);
  });
});
