import { describe, expect, test, vi } from "vitest";
import type { ResilientEventSource } from "../../../src/index.ts";
import {
  connect,
  HOUR,
  leftovers,
  NOTHING,
  takeReports,
  tick,
  useWorld,
  type Client,
} from "../../support/unit/world.ts";

useWorld();

/** A policy that answers when the test says so. */
function slowPolicy() {
  let answer = (_: boolean): void => {};
  let refuse = (_: unknown): void => {};
  const retry = vi.fn(
    () =>
      new Promise<boolean>((resolve, reject) => {
        answer = resolve;
        refuse = reject;
      }),
  );
  return {
    retry,
    answer: (verdict: boolean) => answer(verdict),
    refuse: (thrown: unknown) => refuse(thrown),
  };
}

test("backoff.retry is asked with each error and the number of the retry that would come", async () => {
  const retry = vi.fn(() => true);
  const { server } = connect({ backoff: { retry } });
  await tick();
  server.latest.fail("status", { status: 401 });
  await tick(1500);
  server.latest.fail("content-type");
  await tick(3000);
  server.latest.open();
  await tick(5000);
  server.latest.end();
  await tick();
  expect(retry.mock.calls).toEqual([
    [expect.objectContaining({ reason: "status", status: 401 }), 1],
    [expect.objectContaining({ reason: "content-type" }), 2],
    [expect.objectContaining({ reason: "ended" }), 1],
  ]);
});

test("an answer of false ends it, with the error it was about", async () => {
  const { server, log } = connect({ backoff: { retry: () => false } });
  await tick();
  server.latest.fail();
  await tick(HOUR);
  expect(log).toEqual(["state: closed network", "error: final, network"]);
});

test("numOfAttempts holds, whatever the policy says", async () => {
  const { server, log } = connect({ backoff: { retry: async () => true, numOfAttempts: 2 } });
  server.behaviour = (connection) => connection.fail();
  await tick(HOUR);
  expect([server.connections.length, log.at(-1)]).toEqual([2, "error: final, network"]);
});

test.each([
  [
    "throws",
    () => {
      throw new Error("refresh failed");
    },
  ],
  ["rejects", () => Promise.reject(new Error("refresh failed"))],
] as const)("a policy that %s is reported, and the table decides", async (_, retry) => {
  const { source, server } = connect({ backoff: { retry } });
  await tick();
  server.latest.fail();
  await tick(1500);
  expect(server.connections).toHaveLength(2);
  server.latest.fail("status", { status: 404 });
  await tick();
  expect(source.state).toMatchObject({ status: "closed", error: { status: 404 } });
  expect(takeReports()).toEqual([new Error("refresh failed"), new Error("refresh failed")]);
});

describe("while an async policy thinks", () => {
  test("the state is connecting, not open, and the wait begins with its answer", async () => {
    const policy = slowPolicy();
    const { source, server, log } = connect({ backoff: policy });
    await tick();
    server.latest.open().fail("status", { status: 401 });
    await tick(5000);
    expect(source.state).toEqual({ status: "connecting", attempt: 1 });
    expect([source.readyState, server.connections.length, leftovers().timers]).toEqual([0, 1, 0]);
    policy.answer(true);
    await tick();
    expect(log).toEqual([
      "state: open",
      "open",
      "state: connecting 1",
      "state: waiting 1, 1500, status",
      "error: retry 1 in 1500, status",
    ]);
    await tick(1500);
    expect(server.connections).toHaveLength(2);
  });

  test("its no is a no", async () => {
    const policy = slowPolicy();
    const { server, log } = connect({ backoff: policy });
    await tick();
    server.latest.fail();
    await tick();
    policy.answer(false);
    await tick(HOUR);
    expect(log).toEqual(["state: connecting 1", "state: closed network", "error: final, network"]);
  });

  test("reconnect() does not wait for it, and connects now", async () => {
    const policy = slowPolicy();
    const { source, server, log } = connect({ backoff: policy });
    await tick();
    server.latest.fail();
    await tick(1000);
    source.reconnect();
    await tick();
    expect([server.connections.length, server.live.length]).toEqual([2, 1]);
    server.latest.open();
    // Whatever it says now, nobody asks any more.
    policy.answer(false);
    await tick(HOUR);
    expect(log).toEqual(["state: connecting 1", "state: open", "open"]);
    expect(server.connections).toHaveLength(2);
  });

  test("reconnect() helps also when this was the last attempt", async () => {
    const policy = slowPolicy();
    const { source, server } = connect({ backoff: { ...policy, numOfAttempts: 1 } });
    await tick();
    server.latest.fail();
    await tick();
    source.reconnect();
    await tick();
    server.latest.open();
    expect(source.state.status).toBe("open");
  });

  test("close() ends it; the answer reaches nobody", async () => {
    const policy = slowPolicy();
    const { source, server, log } = connect({ backoff: policy });
    await tick();
    server.latest.fail();
    await tick();
    log.length = 0;
    source.close();
    expect(leftovers()).toEqual(NOTHING);
    policy.answer(true);
    await tick(HOUR);
    expect([log, server.connections.length, source.state]).toEqual([[], 1, { status: "closed" }]);
  });

  test("a rejection that comes too late is still reported: it is the application's error", async () => {
    const policy = slowPolicy();
    const { source, server } = connect({ backoff: policy });
    await tick();
    server.latest.fail();
    await tick();
    source.close();
    policy.refuse("too late");
    await tick();
    expect(takeReports()).toEqual(["too late"]);
  });
});

describe("a policy that calls close() or reconnect()", () => {
  const answers: Record<string, () => boolean | Promise<boolean>> = {
    sync: () => true,
    "sync, against it": () => false,
    async: async () => true,
    "never answering": () => new Promise(() => {}),
  };

  /** A source whose policy does something to it before it answers. */
  function connectActing(answer: string, act: (source: ResilientEventSource) => void): Client {
    const client: Client = connect({
      backoff: {
        retry: () => {
          act(client.source);
          return answers[answer]!();
        },
      },
    });
    return client;
  }

  test.each(Object.keys(answers))("close() inside it is final (%s)", async (answer) => {
    const { source, server, log } = connectActing(answer, (source) => source.close());
    await tick();
    server.latest.fail();
    await tick();
    expect(source.state).toEqual({ status: "closed" });
    await tick(HOUR);
    expect([source.state, log, server.connections.length]).toEqual([{ status: "closed" }, [], 1]);
    expect(leftovers()).toEqual(NOTHING);
  });

  test.each(Object.keys(answers))("reconnect() inside it connects now (%s)", async (answer) => {
    const { source, server } = connectActing(answer, (source) => source.reconnect());
    await tick();
    server.latest.fail();
    await tick();
    expect([server.connections.length, server.live.length]).toEqual([2, 1]);
    server.latest.open();
    expect(source.state.status).toBe("open");
  });
});

describe("a number: the wait itself", () => {
  const waitAfter = async (answer: number | Promise<number>, retry?: number): Promise<unknown> => {
    const { source, server } = connect({ backoff: { retry: () => answer } });
    await tick();
    if (retry) server.latest.open().sink.retry(retry);
    server.latest.fail("status", { status: 401, retryAfter: 60_000 });
    await tick();
    const { state } = source;
    expect(state).toMatchObject({ status: "waiting", attempt: 1 });
    if (state.status !== "waiting") return;
    const asked = server.connections.length;
    await tick(state.delay - 1);
    expect(server.connections).toHaveLength(asked);
    await tick(1);
    expect(server.connections).toHaveLength(asked + 1);
    source.close();
    return state.delay;
  };

  test.each([
    [1234, 1234],
    [0, 100],
    [-1, 100],
    [99.5, 100],
    [1000.25, 1001],
    [600_000, 600_000],
  ])("%d waits %d ms, exactly and over every floor, sync and async", async (answer, delay) => {
    expect(await waitAfter(answer, 30_000)).toBe(delay);
    expect(await waitAfter(Promise.resolve(answer))).toBe(delay);
  });

  test("Infinity is the longest wait that a timer can hold", async () => {
    const { source, server } = connect({ backoff: { retry: () => Infinity } });
    await tick();
    server.latest.fail();
    await tick();
    expect(source.state).toMatchObject({ delay: 2 ** 31 - 1 });
  });

  test("NaN is reported, and the table decides", async () => {
    const { source, server } = connect({ backoff: { retry: async () => NaN } });
    await tick();
    server.latest.fail();
    await tick();
    expect(takeReports()).toEqual([new RangeError("backoff.retry answered NaN")]);
    expect(source.state).toMatchObject({ status: "waiting", delay: 1500 });
  });

  test("counts toward numOfAttempts", async () => {
    const { source, server } = connect({ backoff: { retry: () => 200, numOfAttempts: 3 } });
    server.behaviour = (connection) => connection.fail();
    await tick(1000);
    expect(server.connections).toHaveLength(3);
    expect(source.state.status).toBe("closed");
  });
});

describe("a server that is being replaced: 404 and other content types", () => {
  test.each([
    ["status", { status: 404 }],
    ["content-type", {}],
  ] as const)(
    "%s is retried for a minute after a connection was lost, and no longer",
    async (reason, init) => {
      const { source, server } = connect({ backoff: { jitter: "none", timeMultiple: 1 } });
      await tick();
      server.latest.open();
      await tick(HOUR);
      server.behaviour = (connection) => connection.fail(reason, init);
      server.latest.end();
      await tick(59_000);
      expect(source.state.status).toBe("waiting");
      await tick(5000);
      expect(source.state).toMatchObject({ status: "closed", error: { reason } });
    },
  );

  test("the minute begins again with each connection that is lost", async () => {
    const { source, server } = connect({ backoff: { jitter: "none", timeMultiple: 1 } });
    await tick();
    for (let round = 0; round < 3; round++) {
      server.behaviour = (connection) => connection.fail("status", { status: 404 });
      server.latest.open().end();
      await tick(50_000);
      server.behaviour = () => {};
      await tick(3000);
    }
    server.latest.open();
    expect(source.state.status).toBe("open");
  });

  test("without a connection before, the first 404 is the end", async () => {
    const { source, server } = connect();
    await tick();
    server.latest.fail("status", { status: 404 });
    await tick();
    expect(source.state.status).toBe("closed");
  });

  test("other statuses are the end at once", async () => {
    for (const status of [400, 401, 403, 410]) {
      const { source, server } = connect();
      await tick();
      server.latest.open().end();
      await tick(1500);
      server.latest.fail("status", { status });
      await tick();
      expect([status, source.state.status]).toEqual([status, "closed"]);
    }
  });
});
