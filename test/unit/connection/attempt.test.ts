import { describe, expect, test, vi } from "vitest";
import {
  ConnectionError,
  eventSourceTransport,
  fetchTransport,
  polyfillTransport,
  sharedTransport,
  type ResilientEventSourceOptions,
  type Sink,
  type Transport,
} from "../../../src/index.ts";
import { fakeStream } from "../../../src/testing.ts";
import { connect, HOUR, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

/**
 * A transport that ignores its signal: it settles only when the test says so, and its sinks stay in
 * the test's hands.
 */
function deafTransport() {
  const attempts: {
    sink: Sink;
    resolve: () => void;
    reject: (error: unknown) => void;
    aborted: () => boolean;
  }[] = [];
  const transport: Transport = ({ signal }, sink) =>
    new Promise((resolve, reject) =>
      attempts.push({ sink, resolve, reject, aborted: () => signal.aborted }),
    );
  return { transport, attempts };
}

function connectDeaf(options: ResilientEventSourceOptions = {}) {
  const { transport, attempts } = deafTransport();
  const client = connect({ transport, ...options });
  const messages: string[] = [];
  client.source.on("message", (data) => messages.push(data));
  return { ...client, attempts, messages };
}

const meta = { lastEventId: "stale", origin: "" };

test("a transport around another may spread the sink", async () => {
  const { transport, attempts } = deafTransport();
  const shouting: Transport = (request, sink) =>
    transport(request, {
      ...sink,
      event: (type, data, meta) => sink.event(type, data.toUpperCase(), meta),
    });
  const { source } = connect({ transport: shouting });
  const messages: string[] = [];
  source.on("message", (data) => messages.push(data));
  await tick();
  const { sink } = attempts[0]!;
  sink.answered!();
  sink.open({ status: 200 });
  sink.activity();
  sink.role!("leader");
  sink.retry(3000);
  sink.lastEventId("1");
  sink.event("message", "event", { lastEventId: "2", origin: "" });
  sink.unrepeatable!();
  expect(source.state).toMatchObject({ status: "open", role: "leader" });
  expect([messages, source.lastEventId]).toEqual([["EVENT"], "2"]);
});

describe("an attempt that was replaced", () => {
  test("reaches nobody, whatever it does", async () => {
    const { source, attempts, messages, log } = connectDeaf({ heartbeatTimeout: 20_000 });
    await tick();
    attempts[0]!.sink.open();
    source.reconnect();
    await tick();
    expect(attempts.map(({ aborted }) => aborted())).toEqual([true, false]);
    const [stale, current] = attempts;
    log.length = 0;

    stale!.sink.open();
    stale!.sink.event("message", "stale", meta);
    stale!.sink.lastEventId("stale");
    stale!.sink.retry(29_000);
    expect(source.state).toEqual({ status: "connecting", attempt: 0 });
    current!.sink.open();
    current!.sink.event("message", "current", { lastEventId: "1", origin: "" });
    stale!.reject(new ConnectionError("stale", { reason: "unsupported" }));
    await tick();
    expect([log, messages, source.lastEventId]).toEqual([
      ["state: open", "open"],
      ["current"],
      "1",
    ]);

    // Its noise is no sign of life for the one that replaced it.
    for (let second = 0; second < 25; second++) {
      await tick(1000);
      stale!.sink.activity();
    }
    // And what it asked for, nobody heard.
    expect(source.state).toMatchObject({
      status: "waiting",
      delay: 1500,
      error: { reason: "timeout" },
    });
  });

  test.each([
    ["connectTimeout", { connectTimeout: 1000 }, 1000],
    ["heartbeatTimeout", { heartbeatTimeout: 1000 }, 1250],
  ] as const)("by %s does no harm later", async (name, options, ms) => {
    const { source, attempts, messages } = connectDeaf(options);
    await tick();
    if (name === "heartbeatTimeout") attempts[0]!.sink.open();
    await tick(ms);
    expect(source.state.status).toBe("waiting");
    attempts[0]!.sink.open();
    attempts[0]!.sink.event("message", "stale", meta);
    attempts[0]!.resolve();
    await tick(1499);
    expect(source.state.status).toBe("waiting");
    await tick(1);
    expect([attempts.length, messages]).toEqual([2, []]);
  });
});

describe("an attempt that breaks the contract", () => {
  test("that never settles cannot keep close() or reconnect() from working", async () => {
    const { source, attempts } = connectDeaf();
    for (let round = 1; round <= 3; round++) {
      await tick();
      expect([round, attempts.length]).toEqual([round, round]);
      source.reconnect();
    }
    source.close();
    await tick(HOUR);
    expect([attempts.length, attempts.every(({ aborted }) => aborted())]).toEqual([3, true]);
  });

  test("that opens twice opens once", async () => {
    const { attempts, log } = connectDeaf({ heartbeatTimeout: 60_000 });
    await tick();
    attempts[0]!.sink.open();
    attempts[0]!.sink.open();
    expect(log).toEqual(["state: open", "open"]);
  });

  test("that settles twice failed once", async () => {
    const settleTwice: PromiseLike<void> = {
      then(resolve?: any, reject?: any) {
        resolve();
        reject(new Error("again"));
        resolve();
        return settleTwice as never;
      },
    };
    const { source, log } = connect({ transport: () => settleTwice as Promise<void> });
    await tick();
    expect(log).toEqual(["state: waiting 1, 1500, ended", "error: retry 1 in 1500, ended"]);
    await tick(1499);
    expect(source.state).toMatchObject({ status: "waiting", attempt: 1 });
  });

  test("that goes on after it has settled is not heard", async () => {
    const { source, attempts, messages, log } = connectDeaf();
    await tick();
    attempts[0]!.sink.open();
    attempts[0]!.resolve();
    await tick();
    log.length = 0;
    attempts[0]!.sink.open();
    attempts[0]!.sink.event("message", "stale", meta);
    attempts[0]!.sink.lastEventId("stale");
    expect([source.state.status, source.lastEventId, messages, log]).toEqual([
      "waiting",
      "",
      [],
      [],
    ]);
  });
});

describe("reconnect()", () => {
  test("while connecting, open or waiting leaves exactly one live connection", async () => {
    const { source, server } = connect();
    await tick();
    source.reconnect();
    await tick();
    expect([server.connections.length, server.live.length]).toEqual([2, 1]);
    server.latest.open();
    source.reconnect();
    await tick();
    expect([server.connections.length, server.live.length]).toEqual([3, 1]);
    server.latest.fail();
    await tick(10);
    source.reconnect();
    await tick();
    expect([server.connections.length, server.live.length]).toEqual([4, 1]);
    server.latest.open();
    await tick(HOUR);
    expect([server.connections.length, server.live.length]).toEqual([4, 1]);
    source.close();
    await tick(HOUR);
    expect([server.connections.length, server.live.length]).toEqual([4, 0]);
  });

  test("many times in a row is once", async () => {
    const { source, server } = connect();
    await tick();
    server.latest.open();
    for (let time = 0; time < 10; time++) source.reconnect();
    await tick();
    expect([server.connections.length, server.live.length]).toEqual([2, 1]);
  });

  test("before the first connection changes nothing", async () => {
    const { source, server } = connect();
    source.reconnect();
    await tick();
    expect(server.connections).toHaveLength(1);
  });

  test("of a live connection is no error, and resumes after the last id", async () => {
    const { source, server, log } = connect();
    await tick();
    server.latest.open().send("x", { id: "7" });
    source.reconnect();
    await tick();
    server.latest.open();
    expect(log).toEqual(["state: open", "open", "state: connecting 0", "state: open", "open"]);
    expect(server.latest.request.lastEventId).toBe("7");
  });

  test("of a wait neither counts as a failure nor forgives one", async () => {
    const { source, server } = connect();
    server.behaviour = (connection) => connection.fail();
    await tick();
    for (const attempt of [2, 3, 4]) {
      source.reconnect();
      await tick();
      expect(source.state).toMatchObject({ status: "waiting", attempt });
    }
    expect(server.connections).toHaveLength(4);
  });

  test("inside each kind of listener makes one connection", async () => {
    for (const type of ["open", "error", "statechange", "message"] as const) {
      const { source, server } = connect();
      const again = vi.fn(() => source.reconnect());
      source.addEventListener(type, again, { once: true });
      await tick();
      if (type === "error") server.latest.fail();
      else server.latest.open().send("x");
      await tick();
      expect([
        type,
        again.mock.calls.length,
        server.connections.length,
        server.live.length,
      ]).toEqual([type, 1, 2, 1]);
      server.latest.open();
      await tick(HOUR);
      expect([type, server.connections.length]).toEqual([type, 2]);
    }
  });

  test("inside open: the events of the replaced connection are over", async () => {
    const { source, server } = connect();
    const heard: string[] = [];
    source.on("message", (data) => heard.push(data));
    source.addEventListener("open", () => source.reconnect(), { once: true });
    await tick();
    server.latest.open().send("of the first");
    await tick();
    server.latest.open().send("of the second");
    expect(heard).toEqual(["of the second"]);
  });
});

describe("a transport that throws or gives no promise", () => {
  // As a minifier leaves them: without their names.
  const factories: Record<string, unknown> = {
    "fetchTransport, not called": (init: object) => fetchTransport(init),
    "eventSourceTransport, not called": (Class: undefined) => eventSourceTransport(Class),
    "polyfillTransport, not called": () => polyfillTransport(),
    "fakeStream, not called": () => fakeStream(),
    "sharedTransport, not called": (inner: Transport, options: object) =>
      sharedTransport(inner, options),
    "a function that throws": () => {
      throw new Error("it threw");
    },
    "a function that gives nothing": () => undefined,
  };
  test.each(Object.entries(factories))("%s: closed, and the message says so", async (_, given) => {
    const { source, log } = connect({ transport: given as Transport });
    await tick();
    expect(log).toEqual(["state: closed unsupported", "error: final, unsupported"]);
    const { state } = source;
    expect(state.status === "closed" && state.error?.message).toContain("fetchTransport({ … })");
  });
});
