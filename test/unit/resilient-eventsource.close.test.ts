import { describe, expect, test, vi } from "vitest";
import { ResilientEventSource, type ResilientEventSourceOptions } from "../../src/index.ts";
import { FakeServer, ORIGIN } from "../support/unit/server.ts";
import {
  connect,
  HOUR,
  leftovers,
  NOTHING,
  tick,
  track,
  useWorld,
  type Client,
} from "../support/unit/world.ts";

useWorld();

/** Nothing is left, and nothing comes any more, whatever the transport still says. */
async function expectSilence({ source, server, log }: Client): Promise<void> {
  expect(source.state).toEqual({ status: "closed" });
  expect(source.readyState).toBe(ResilientEventSource.CLOSED);
  expect(leftovers()).toEqual(NOTHING);
  const [heard, connections] = [[...log], server.connections.length];
  const messages = vi.fn();
  source.on("message", messages);
  source.addEventListener("message", messages);
  for (const { sink } of server.connections) {
    sink.open();
    sink.event("message", "late", { lastEventId: "late", origin: "" });
    sink.lastEventId("late");
    sink.activity();
    sink.retry(1);
  }
  source.reconnect();
  source.close();
  await tick(HOUR);
  expect({ log, connections: server.connections.length }).toEqual({ log: heard, connections });
  expect(messages).not.toHaveBeenCalled();
  expect(source.lastEventId).not.toBe("late");
  expect(source.state).toEqual({ status: "closed" });
  expect(leftovers()).toEqual(NOTHING);
}

/** Every place that close() can be called from outside: the step that is under way. */
const moments: Record<
  string,
  readonly [options: ResilientEventSourceOptions, reach: (client: Client) => unknown]
> = {
  "before the first connection": [{}, () => undefined],
  "during the delay of the first connection": [
    { backoff: { delayFirstAttempt: true } },
    () => tick(100),
  ],
  "while connecting": [{ connectTimeout: 5000 }, () => tick()],
  "while open": [
    { heartbeatTimeout: 5000 },
    async ({ server }) => {
      await tick();
      server.latest.open().send("x", { id: "1" });
    },
  ],
  "in the moment in which the stream ends": [
    {},
    async ({ server }) => {
      await tick();
      server.latest.open().end();
    },
  ],
  "while waiting": [
    {},
    async ({ server }) => {
      await tick();
      server.latest.fail();
      await tick(1000);
    },
  ],
  "in the moment in which the wait ends": [
    {},
    async ({ server }) => {
      await tick();
      server.latest.fail();
      await tick();
      vi.advanceTimersByTime(1500);
    },
  ],
  "right after reconnect()": [
    {},
    async ({ source, server }) => {
      await tick();
      server.latest.open();
      source.reconnect();
    },
  ],
  "during a retry": [
    {},
    async ({ server }) => {
      await tick();
      server.latest.fail();
      await tick(1500);
    },
  ],
};

/** Every way to close. */
const ways: Record<string, (source: ResilientEventSource, controller: AbortController) => void> = {
  "close()": (source) => source.close(),
  "the signal": (_, controller) => controller.abort(),
  "Symbol.dispose": (source) => source[Symbol.dispose](),
};

describe.each(Object.keys(ways))("closed by %s", (way) => {
  test.each(Object.keys(moments))("%s", async (moment) => {
    const [options, reach] = moments[moment]!;
    const controller = new AbortController();
    const client = connect({ ...options, signal: controller.signal });
    await reach(client);
    client.log.length = 0;
    ways[way]!(client.source, controller);
    expect(client.log).toEqual([]);
    await expectSilence(client);
  });

  test("without the signal it is given, nothing of it stays on that signal", async () => {
    const controller = new AbortController();
    const { source } = connect({ signal: controller.signal });
    await tick();
    expect(leftovers().abortListeners).toBeGreaterThan(0);
    ways[way]!(source, controller);
    expect(leftovers().abortListeners).toBe(0);
  });
});

test.each(["url function", "async url function"])(
  "while an async URL is awaited, or from inside it: %s",
  async (kind) => {
    for (const inside of [true, false]) {
      let answer = (_: string): void => {};
      const client: Client = connect({ connectTimeout: 5000 }, () => {
        if (inside) client.source.close();
        return kind === "url function" && inside
          ? `${ORIGIN}/`
          : new Promise((resolve) => (answer = resolve));
      });
      await tick();
      if (!inside) client.source.close();
      answer(`${ORIGIN}/`);
      await expectSilence(client);
      expect(client.server.connections).toHaveLength(0);
    }
  },
);

describe("inside a listener", () => {
  /** Each kind of listener, and how it comes to be called. */
  const listeners: Record<
    string,
    readonly [
      listen: (source: ResilientEventSource, close: () => void) => void,
      provoke: (client: Client) => unknown,
    ]
  > = {
    open: [
      (source, close) => source.addEventListener("open", close),
      ({ server }) => server.latest.open(),
    ],
    onopen: [(source, close) => (source.onopen = close), ({ server }) => server.latest.open()],
    message: [
      (source, close) => source.addEventListener("message", close),
      ({ server }) => server.latest.open().send("x"),
    ],
    onmessage: [
      (source, close) => (source.onmessage = close),
      ({ server }) => server.latest.open().send("x"),
    ],
    on: [
      (source, close) => source.on("price", close),
      ({ server }) => server.latest.open().send("x", { type: "price" }),
    ],
    invalid: [
      (source, close) => {
        source.addEventListener("invalid", close);
        source.on("never", () => {});
      },
      ({ server }) => server.latest.open().send("x", { type: "never" }),
    ],
    "error, retrying": [
      (source, close) => source.addEventListener("error", close),
      ({ server }) => server.latest.fail(),
    ],
    "onerror, retrying": [
      (source, close) => (source.onerror = close),
      ({ server }) => server.latest.open().end(),
    ],
    "statechange to open": [
      (source, close) => onState(source, "open", close),
      ({ server }) => server.latest.open(),
    ],
    "statechange to waiting": [
      (source, close) => onState(source, "waiting", close),
      ({ server }) => server.latest.fail(),
    ],
    "statechange to connecting": [
      (source, close) => onState(source, "connecting", close),
      async ({ server }) => {
        server.latest.fail();
        await tick(1500);
      },
    ],
  };
  const onState = (source: ResilientEventSource, status: string, close: () => void): void =>
    source.addEventListener("statechange", () => {
      if (source.state.status === status) close();
    });

  test.each(Object.keys(listeners))("%s", async (name) => {
    const [listen, provoke] = listeners[name]!;
    const events = {
      never: () => {
        throw new Error("refused");
      },
    };
    const server = new FakeServer();
    const source = track(
      new ResilientEventSource(`${ORIGIN}/`, {
        events,
        transport: server.transport,
        heartbeatTimeout: 60_000,
      }),
      server,
    );
    const untyped = source as unknown as ResilientEventSource;
    let closedAt: number | undefined;
    const log: string[] = [];
    listen(untyped, () => {
      source.close();
      closedAt = log.length;
    });
    // Heard after the closing listener, where they hear the same event.
    for (const type of ["open", "error", "statechange"] as const)
      source.addEventListener(type, () => log.push(type));
    await tick();
    await provoke({ source: untyped, server, log });
    await tick();
    expect(closedAt).toBeDefined();
    // At most the event that is being dispatched: its other listeners are not ours to skip.
    expect(log.length - closedAt!).toBeLessThanOrEqual(1);
    await expectSilence({ source: untyped, server, log });
  });

  test("no further event of what has arrived already is delivered", async () => {
    const { source, server } = connect();
    const heard: string[] = [];
    source.addEventListener("message", ({ data }) => {
      heard.push(data);
      if (data === "2") source.close();
    });
    await tick();
    server.latest.open().send("1").send("2").send("3").send("4");
    expect(heard).toEqual(["1", "2"]);
  });

  test("the last error: closed already, the cause stays readable", async () => {
    const { source, server } = connect({ backoff: { numOfAttempts: 1 } });
    source.addEventListener("error", () => source.close());
    await tick();
    server.latest.fail();
    await tick();
    expect(source.state).toMatchObject({ status: "closed", error: { reason: "network" } });
    source.reconnect();
    await tick(HOUR);
    expect([server.connections.length, leftovers()]).toEqual([1, NOTHING]);
  });
});

describe("the signal", () => {
  test("already aborted: never connects, and is closed at once", async () => {
    const signal = AbortSignal.abort();
    const add = vi.spyOn(signal, "addEventListener");
    const url = vi.fn(() => `${ORIGIN}/`);
    const client = connect({ signal }, url);
    expect(client.source.readyState).toBe(ResilientEventSource.CLOSED);
    await expectSilence(client);
    expect([add.mock.calls, url.mock.calls, client.server.connections, client.log]).toEqual([
      [],
      [],
      [],
      [],
    ]);
  });

  test("aborted in the task of the constructor: never connects either", async () => {
    const controller = new AbortController();
    const client = connect({ signal: controller.signal });
    controller.abort();
    await expectSilence(client);
    expect(client.server.connections).toHaveLength(0);
  });

  test("is none of the attempt's: each has its own, aborted when it is over", async () => {
    const { signal } = new AbortController();
    const { server } = connect({ signal });
    await tick();
    server.latest.fail();
    await tick(1500);
    const [first, second] = server.connections.map(({ request }) => request.signal);
    expect([first === signal, first === second, first!.aborted, second!.aborted]).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });

  test("aborted after giving up closes for good", async () => {
    const controller = new AbortController();
    const { source, server } = connect({
      signal: controller.signal,
      backoff: { numOfAttempts: 1 },
    });
    await tick();
    server.latest.fail();
    await tick();
    controller.abort();
    source.reconnect();
    await tick(HOUR);
    expect(server.connections).toHaveLength(1);
  });
});

test("using closes at the end of the block", async () => {
  const server = new FakeServer();
  {
    using source = track(
      new ResilientEventSource(`${ORIGIN}/`, { transport: server.transport }),
      server,
    );
    await tick();
    server.latest.open();
    expect(source.readyState).toBe(1);
  }
  expect(leftovers()).toEqual(NOTHING);
});
