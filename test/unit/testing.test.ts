import { describe, expect, test, vi } from "vitest";
import {
  iterate,
  ResilientEventSource,
  type ConnectionErrorEvent,
  type ConnectionErrorReason,
} from "../../src/index.ts";
import { fakeStream, type FakeStream } from "../../src/testing.ts";
import { connectFake } from "../support/unit/fake.ts";
import { FakeServer, ORIGIN } from "../support/unit/server.ts";
import { HOUR, tick, track, useWorld } from "../support/unit/world.ts";

useWorld();

describe("requested()", () => {
  test("resolves with the request, whether called before or after the source connects", async () => {
    const stream = fakeStream();
    expect(stream.connected).toBe(false);
    const before = stream.requested();
    track(
      new ResilientEventSource(`${ORIGIN}/stream`, { transport: stream.transport }),
      new FakeServer(),
    );
    expect(stream.connected).toBe(false);
    const request = await before;
    expect(stream.connected).toBe(true);
    expect(await stream.requested()).toBe(request);
    expect(stream.requests).toEqual([request]);
  });

  test("has the details of the request", async () => {
    const { stream } = await connectFake(
      {},
      { lastEventId: "7", withCredentials: true, resume: { query: ["id"] } },
    );
    expect(await stream.requested()).toMatchObject({
      url: `${ORIGIN}/stream`,
      lastEventId: "7",
      withCredentials: true,
      resume: { query: ["id"] },
      attempt: 0,
    });
  });

  test("waits for the next request while no source is connected; every call resolves", async () => {
    const { stream } = await connectFake();
    stream.drop();
    const told = vi.fn();
    void stream.requested().then(told);
    const both = [stream.requested(), stream.requested()];
    await tick(999);
    expect(told).not.toHaveBeenCalled();
    await tick(1);
    expect(told).toHaveBeenCalledOnce();
    expect(await Promise.all(both)).toEqual([stream.requests[1], stream.requests[1]]);
  });
});

describe("open()", () => {
  test("accepts the connection, with or without details", async () => {
    const { source, stream } = await connectFake();
    const opened = vi.fn();
    source.addEventListener("open", ({ status, headers }) =>
      opened(status, headers?.get("x-served-by")),
    );
    stream.open({ status: 200, headers: new Headers({ "X-Served-By": "test" }) });
    expect(source.readyState).toBe(ResilientEventSource.OPEN);
    stream.end();
    await tick(1000);
    expect(source.readyState).toBe(ResilientEventSource.CONNECTING);
    stream.open();
    expect(opened.mock.calls).toEqual([
      [200, "test"],
      [undefined, undefined],
    ]);
  });

  test("happens once, also through send, comment and retry", async () => {
    for (const act of ["send", "comment", "retry"] as const) {
      const { source, stream } = await connectFake();
      const opened = vi.fn();
      source.onopen = opened;
      for (let i = 0; i < 2; i++) {
        if (act === "send") stream.send("message", "");
        else if (act === "comment") stream.comment();
        else stream.retry(1000);
      }
      expect(opened).toHaveBeenCalledOnce();
    }
  });
});

describe("send()", () => {
  test("sends strings unchanged, everything else as JSON", async () => {
    const { source, stream } = await connectFake();
    const heard: string[] = [];
    source.on("x", (data) => heard.push(data));
    for (const data of ["text", '"quoted"', "", { a: [1] }, 1, null, false]) stream.send("x", data);
    expect(heard).toEqual(["text", '"quoted"', "", '{"a":[1]}', "1", "null", "false"]);
  });

  test.each([undefined, () => 1, Symbol("x")])(
    "what has no JSON is a mistake in the test: %o",
    async (data) => {
      const { source, stream } = await connectFake();
      source.on("x", () => expect.unreachable());
      expect(() => stream.send("x", data)).toThrow(
        new TypeError("data must be a string or have a JSON form"),
      );
    },
  );

  test('an id remains until the next one, also for the resume; "" resets it', async () => {
    const { source, stream } = await connectFake();
    const ids: string[] = [];
    source.on("x", (_, { lastEventId }) => ids.push(lastEventId));
    stream.send("x", "");
    stream.send("x", "", { id: "1" });
    stream.send("x", "");
    stream.send("x", "", { id: undefined });
    stream.send("x", "", { id: "2" });
    expect(ids).toEqual(["", "1", "1", "1", "2"]);
    expect(source.lastEventId).toBe("2");

    stream.drop();
    await tick(1000);
    expect(stream.requests[1]!.lastEventId).toBe("2");
    stream.send("x", "");
    stream.send("x", "", { id: "" });
    stream.send("x", "");
    expect(ids.slice(5)).toEqual(["2", "", ""]);

    stream.drop();
    await tick(2000);
    expect(stream.requests.map(({ lastEventId }) => lastEventId)).toEqual(["", "2", ""]);
  });

  test("an id from before the connection is inherited: dedupe ignores it", async () => {
    const { source, stream } = await connectFake({}, { dedupe: 10 });
    const heard: string[] = [];
    source.on("x", (data) => heard.push(data));
    stream.send("x", "1", { id: "a" });
    stream.drop();
    await tick(1000);
    stream.send("x", "2");
    stream.send("x", "1 again", { id: "a" });
    stream.send("x", "3", { id: "b" });
    expect(heard).toEqual(["1", "2", "3"]);
  });

  test("dedupe drops nothing within one connection", async () => {
    const { source, stream } = await connectFake({}, { dedupe: 10 });
    const heard: string[] = [];
    source.on("x", (data) => heard.push(data));
    stream.send("x", "1", { id: "a" });
    stream.send("x", "2");
    stream.comment();
    stream.send("x", "3", { id: "a" });
    expect(heard).toEqual(["1", "2", "3"]);
  });

  test("has the origin of the URL", async () => {
    const { source, stream } = await connectFake();
    const origins: string[] = [];
    source.onmessage = ({ origin }) => origins.push(origin);
    stream.send("message", "");
    expect(origins).toEqual([ORIGIN]);
  });
});

test("comment() is a sign of life: it prevents heartbeatTimeout, and silence does not", async () => {
  const { source, stream } = await connectFake({}, { heartbeatTimeout: 1000 });
  const reasons: string[] = [];
  source.onerror = ({ error }: ConnectionErrorEvent) => reasons.push(error.reason);
  for (let i = 0; i < 10; i++) {
    stream.comment();
    await tick(900);
  }
  expect(reasons).toEqual([]);
  await tick(1000);
  expect(reasons).toEqual(["timeout"]);
  expect(stream.connected).toBe(false);
});

test("retry() sets the reconnection time, which later connections keep", async () => {
  const { source, stream } = await connectFake({}, { minUptime: 0 });
  const delays: (number | undefined)[] = [];
  source.addEventListener("error", (event) =>
    delays.push(event.readyState === 0 ? event.delay : undefined),
  );
  stream.retry(1500);
  stream.drop();
  await tick(1500);
  stream.retry(250);
  stream.drop();
  await tick(1000);
  expect(delays).toEqual([1500, 1000]);
  expect(stream.requests).toHaveLength(3);
});

describe("the end of a connection", () => {
  test("end, drop and fail have their reasons, and the source reconnects", async () => {
    const { source, stream } = await connectFake();
    const log: string[] = [];
    source.addEventListener("error", (event) =>
      log.push(
        event.readyState === ResilientEventSource.CONNECTING
          ? `${event.error.reason} ${event.attempt} ${event.delay}`
          : "gave up",
      ),
    );
    stream.end();
    expect(stream.connected).toBe(false);
    await tick(1000);
    stream.drop();
    await tick(2000);
    stream.fail({ reason: "status", status: 503, retryAfter: 9000 });
    await tick(9000);
    stream.open();
    await tick(5000);
    stream.fail({ reason: "rejected" });
    await tick(1000);
    expect(log).toEqual(["ended 1 1000", "network 2 2000", "status 3 9000", "rejected 1 1000"]);
    expect(stream.requests.map(({ attempt }) => attempt)).toEqual([0, 1, 2, 3, 1]);
    expect(stream.requests.map(({ signal }) => signal.aborted)).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  const reasons: Record<ConnectionErrorReason, boolean> = {
    network: true,
    ended: true,
    timeout: true,
    rejected: true,
    status: false,
    "content-type": false,
    redirect: false,
    unsupported: false,
  };
  test.each(Object.entries(reasons) as [ConnectionErrorReason, boolean][])(
    "fail({ reason: %o }): retried %s",
    async (reason, retried) => {
      const { source, stream } = await connectFake();
      const cause = new Error("the test's");
      const errors: ConnectionErrorEvent[] = [];
      source.onerror = (event) => errors.push(event);
      stream.fail({ reason, cause });
      await tick();
      expect(errors).toHaveLength(1);
      expect(errors[0]!.error).toMatchObject({
        reason,
        cause,
        message: `the test made the connection fail: ${reason}`,
      });
      expect(source.readyState).toBe(retried ? 0 : 2);
      await tick(1000);
      expect(stream.connected).toBe(retried);
    },
  );

  test("close() disconnects; reconnect() makes a new connection", async () => {
    const { source, stream } = await connectFake();
    stream.open();
    source.reconnect();
    await tick();
    expect(stream.requests).toHaveLength(2);
    expect(stream.connected).toBe(true);
    source.close();
    expect(stream.connected).toBe(false);
  });
});

test("every method throws while no source is connected", async () => {
  const { source, stream } = await connectFake();
  source.close();
  for (const talk of [
    () => stream.open(),
    () => stream.send("x", ""),
    () => stream.comment(),
    () => stream.retry(1),
    () => stream.end(),
    () => stream.drop(),
    () => stream.fail({ reason: "network" }),
    () => fakeStream().open(),
  ])
    expect(talk).toThrow(
      new Error("no source is connected to this stream: await requested() first"),
    );
});

test("a connection ends once: a second end throws", async () => {
  const { stream } = await connectFake();
  stream.drop();
  expect(() => stream.drop()).toThrow("no source is connected");
});

test("names: the names that have listeners", async () => {
  const { source, stream } = await connectFake();
  const changes: string[] = [];
  const [{ names }] = stream.requests as [(typeof stream.requests)[0]];
  names.observe((name, heard) => changes.push(`${heard ? "+" : "-"}${name}`));
  const off = source.on("price", () => {});
  expect([...names]).toEqual(["message", "price"]);
  off();
  expect(changes).toEqual(["+price", "-price"]);
});

describe("a request that is not repeatable", () => {
  async function ask(): Promise<{ source: ResilientEventSource; stream: FakeStream }> {
    const stream = fakeStream({ repeatable: false });
    const source = track(
      new ResilientEventSource(`${ORIGIN}/answer`, { transport: stream.transport }),
      new FakeServer(),
    );
    await stream.requested();
    return { source, stream };
  }

  test("ends in the normal way by end(), and so does a loop over it", async () => {
    const { source, stream } = await ask();
    const expected: unknown[] = [];
    source.addEventListener("error", ({ error }) => expected.push(error.expected));
    const tokens = iterate(source, "message");
    stream.send("message", "Hello");
    stream.end();
    expect(await tokens.next()).toEqual({ done: false, value: "Hello" });
    expect(await tokens.next()).toEqual({ done: true, value: undefined });
    expect(source.state).toEqual({ status: "closed" });
    expect(expected).toEqual([true]);
  });

  test("is not made again after drop(), nor after a 502; it is after a 429", async () => {
    const dropped = await ask();
    dropped.stream.send("message", "Hel", { id: "1" });
    dropped.stream.drop();
    const failed = await ask();
    failed.stream.fail({ reason: "status", status: 502 });
    const busy = await ask();
    busy.stream.fail({ reason: "status", status: 429 });
    await tick(HOUR);
    expect(dropped.source.state).toMatchObject({ status: "closed", error: { reason: "network" } });
    expect(failed.source.state).toMatchObject({ status: "closed", error: { status: 502 } });
    expect([dropped, failed, busy].map(({ stream }) => stream.requests.length)).toEqual([1, 1, 2]);
  });
});
