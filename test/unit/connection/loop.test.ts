import { describe, expect, test, vi } from "vitest";
import type { ResilientEventSourceOptions } from "../../../src/index.ts";
import type { Connection } from "../../support/unit/server.ts";
import {
  connect,
  HOUR,
  seedRandom,
  tick,
  useWorld,
  type Client,
} from "../../support/unit/world.ts";

useWorld();

/** The waits that were published, each with the time from its publication to the next attempt. */
function watchWaits({ source, server }: Client) {
  const waits: {
    attempt: number;
    published: number;
    retryAt: number;
    at: number;
    connections: number;
  }[] = [];
  source.addEventListener("error", (event) => {
    if (event.readyState !== 0) return;
    const { attempt, delay, retryAt } = event;
    waits.push({
      attempt,
      published: delay,
      retryAt: retryAt - Date.now(),
      at: performance.now(),
      connections: server.connections.length,
    });
  });
  return waits;
}

/** A server that lets every attempt fail at once. */
function down(options: ResilientEventSourceOptions = {}) {
  const client = connect(options);
  client.server.behaviour = (connection) => connection.fail();
  return { ...client, waits: watchWaits(client) };
}

describe("in an outage", () => {
  test("30 failures in a row: the waits grow to the cap, and each is the one that was published", async () => {
    const { source, server, waits } = down();
    server.behaviour = (connection) => {
      if (server.connections.length <= 30) connection.fail();
      else connection.open();
    };
    await tick(HOUR);
    expect(waits.map(({ published }) => published)).toEqual([
      1500,
      3000,
      6000,
      12_000,
      ...Array(26).fill(15_000),
    ]);
    expect(waits.map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    for (const { published, retryAt, at, connections } of waits) {
      expect(retryAt).toBe(published);
      expect(server.connections[connections]!.at - at).toBe(published);
    }
    expect(server.connections).toHaveLength(31);
    expect(source.state.status).toBe("open");
  });

  test("with real draws: within 100 ms and the cap, unlike each other, and still as published", async () => {
    seedRandom(1);
    const { server, waits } = down();
    await tick(HOUR);
    waits.pop();
    for (const { attempt, published, at, connections } of waits) {
      expect(published).toBeGreaterThanOrEqual(100);
      expect(published).toBeLessThanOrEqual(Math.min(3000 * 2 ** (attempt - 1), 30_000));
      expect(server.connections[connections]!.at - at).toBe(published);
    }
    // An hour of waits of 15 s on average, with few small ones at the start.
    expect(waits.length).toBeGreaterThan(200);
    expect(waits.length).toBeLessThan(300);
    expect(new Set(waits.map(({ published }) => published)).size).toBeGreaterThan(
      waits.length * 0.95,
    );
  });

  test("clients that fell in the same moment do not return in the same moment", async () => {
    seedRandom(2);
    const clients = Array.from({ length: 200 }, () => down());
    await tick();
    const first = clients.map(({ waits }) => waits[0]!.published);
    expect(new Set(first).size).toBeGreaterThan(180);
    // Even over [0, 3000]: each tenth has its share.
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = first.filter(
        (delay) => delay >= tenth * 300 && delay < (tenth + 1) * 300,
      ).length;
      expect(share).toBeGreaterThan(5);
      expect(share).toBeLessThan(45);
    }
  });

  test("no draw makes a hot loop", async () => {
    const { server } = down({ backoff: { startingDelay: 0, maxDelay: 0 } });
    await tick(10_000);
    expect(server.connections.length).toBeLessThanOrEqual(101);
  });

  test("a wait of the longest kind is not one of none", async () => {
    const { server } = down({
      backoff: { startingDelay: 2 ** 31 - 1, maxDelay: 2 ** 31 - 1, jitter: "none" },
    });
    await tick(24 * HOUR);
    expect(server.connections).toHaveLength(1);
  });
});

test("an hour of anything: never a hot loop, never stuck", async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    seedRandom(seed);
    const client = connect({ connectTimeout: 10_000, heartbeatTimeout: 20_000 });
    const { source, server } = client;
    const waits = watchWaits(client);
    /** Does something in a moment, if the connection still lives then. */
    const later = (connection: Connection, what: () => void): void => {
      const timer = setTimeout(what, Math.random() * 30_000);
      connection.request.signal.addEventListener("abort", () => clearTimeout(timer));
    };
    const whims: ((connection: Connection) => void)[] = [
      (connection) => connection.fail(),
      (connection) => connection.end(),
      (connection) => connection.open().end(),
      (connection) =>
        connection.fail("status", { status: 503, retryAfter: Math.random() * 20_000 }),
      (connection) => later(connection, () => connection.fail()),
      (connection) => later(connection.open(), () => connection.end()),
      (connection) => later(connection.open(), () => connection.fail("rejected")),
      (connection) =>
        connection.open().sink.retry([0, 5000, NaN, 50][Math.floor(Math.random() * 4)]!),
      () => {},
    ];
    let healthy = false;
    server.behaviour = (connection) => {
      if (healthy) connection.open();
      else whims[Math.floor(Math.random() * whims.length)]!(connection);
    };
    const start = performance.now();
    for (let minute = 0; minute < 60; minute++) {
      await tick(60_000);
      expect(server.live.length).toBeLessThanOrEqual(1);
      expect([minute, source.state.status]).toEqual([
        minute,
        expect.stringMatching(/connecting|open|waiting/),
      ]);
    }
    for (const { published, at, connections } of waits) {
      expect(published).toBeGreaterThanOrEqual(100);
      const next = server.connections[connections];
      if (next) expect(next.at - at).toBeCloseTo(published, 3);
    }
    const times = server.connections.map(({ at }) => at - start);
    // Ten attempts never fall into one second; and no two are further apart than what may lie
    // between them: an attempt and a wait.
    for (const [index, at] of times.entries()) {
      if (index >= 10) expect(at - times[index - 10]!).toBeGreaterThan(1000);
      if (index > 0) expect(at - times[index - 1]!).toBeLessThan(30_000 + 5000 + 30_000 + 20_000);
    }
    expect(times.length).toBeGreaterThan(60);
    healthy = true;
    server.latest.fail();
    client.log.length = 0;
    await tick(55_000);
    expect([seed, client.log]).toEqual([seed, expect.arrayContaining(["open"])]);
    source.close();
  }
});

describe("what the server asks for", () => {
  test("Retry-After is a floor for the wait it came with, and only for that", async () => {
    const { server, waits } = down();
    server.behaviour = (connection) =>
      server.connections.length === 1
        ? connection.fail("status", { status: 503, retryAfter: 60_000 })
        : connection.fail();
    await tick(HOUR);
    expect(waits.slice(0, 3).map(({ published }) => published)).toEqual([61_500, 3000, 6000]);
  });

  test("not all clients that were told the same come at the same time", async () => {
    seedRandom(3);
    const clients = Array.from({ length: 50 }, () => {
      const client = connect();
      client.server.behaviour = (connection) =>
        connection.fail("status", { status: 503, retryAfter: 3000 });
      return { ...client, waits: watchWaits(client) };
    });
    await tick();
    const first = clients.map(({ waits }) => waits[0]!.published);
    expect(Math.min(...first)).toBeGreaterThanOrEqual(3000);
    expect(new Set(first).size).toBeGreaterThan(40);
  });

  test("retry: outlives its connection, the latest counts, and each is a floor", async () => {
    const { server, waits } = down();
    server.behaviour = () => {};
    await tick();
    for (const ms of [undefined, 10_000, undefined, 500, 0, 40_000]) {
      server.latest.open();
      if (ms !== undefined) server.latest.sink.retry(ms);
      await tick(5000);
      server.latest.fail();
      await tick(60_000);
    }
    // With the draws of useWorld, 0.5.
    expect(waits.map(({ published }) => published)).toEqual([
      1500, 15_000, 15_000, 2000, 1500, 55_000,
    ]);
  });

  test.each([0, 0.5, 0.999])("never sooner than retry: asked, with a draw of %d", async (drawn) => {
    const { server, waits } = down();
    vi.mocked(Math.random).mockReturnValue(drawn);
    let isFirst = true;
    server.behaviour = (connection) => {
      if (isFirst) connection.open().sink.retry(2000);
      isFirst = false;
      connection.fail();
    };
    await tick(HOUR);
    for (const { published } of waits) expect(published).toBeGreaterThanOrEqual(2000);
  });
});

describe("server-paced polling: a connection that names a retry: and ends cleanly", () => {
  test.each([
    ["with an event", true],
    ["without one", false],
  ])(
    "%s, again and again: the waits do not grow, and nothing counts as a failure",
    async (_, hasEvent) => {
      const retry = vi.fn(() => false);
      const { server, waits, log } = down({ backoff: { numOfAttempts: 1, retry } });
      server.behaviour = (connection) => {
        connection.open().sink.retry(500);
        if (hasEvent) connection.send("x");
        connection.end();
      };
      await tick(60_000);
      expect(new Set(waits.map(({ published }) => published))).toEqual(new Set([625]));
      expect(waits.length).toBeGreaterThan(90);
      expect(waits.every(({ attempt }) => attempt === 0)).toBe(true);
      expect(retry).not.toHaveBeenCalled();
      expect(log).toContain("error: retry 0 in 625, ended");
    },
  );

  test("a retry: of an earlier connection does not make an end of this one polling", async () => {
    const { server, waits } = down();
    server.behaviour = (connection) => {
      connection.open();
      if (server.connections.length === 1) connection.sink.retry(500);
      connection.end();
    };
    await tick(30_000);
    expect(waits.slice(0, 3).map(({ attempt, published }) => [attempt, published])).toEqual([
      [0, 625],
      [1, 2000],
      [2, 3500],
    ]);
  });

  test("a cut is a failure, though the connection named a time", async () => {
    const { server, waits } = down();
    server.behaviour = (connection) => {
      connection.open().sink.retry(500);
      connection.fail();
    };
    await tick(10_000);
    expect(waits.slice(0, 2).map(({ attempt, published }) => [attempt, published])).toEqual([
      [1, 2000],
      [2, 3500],
    ]);
  });

  test("forgives the failures before it", async () => {
    const { server, waits } = down();
    server.behaviour = (connection) => {
      if (server.connections.length !== 3) connection.fail();
      else {
        connection.open().sink.retry(500);
        connection.end();
      }
    };
    await tick(20_000);
    expect(waits.slice(0, 4).map(({ attempt }) => attempt)).toEqual([1, 2, 0, 1]);
  });

  // https://github.com/modelcontextprotocol/conformance, scenario "sse-retry".
  test("as the conformance suite of MCP has it: retry: 500, an id, an end; back after 450 to 1000 ms, by the id", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      seedRandom(seed);
      const { source, server } = connect();
      await tick();
      server.latest.open({ status: 200 }).sink.retry(500);
      server.latest.sink.lastEventId("event-1");
      const endedAt = performance.now();
      server.latest.end();
      await tick(1000);
      expect(server.latest.request.lastEventId).toBe("event-1");
      const waited = server.latest.at - endedAt;
      expect(waited).toBeGreaterThanOrEqual(450);
      expect(waited).toBeLessThan(1000);
      source.close();
    }
  });
});

describe("delayFirstAttempt", () => {
  test("delays even the first connection, evenly over startingDelay", async () => {
    seedRandom(4);
    const clients = Array.from({ length: 100 }, () =>
      connect({ backoff: { delayFirstAttempt: true } }),
    );
    const start = performance.now();
    await tick(3000);
    const delays = clients.map(({ server }) => server.connections[0]!.at - start);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...delays)).toBeGreaterThan(2500);
    expect(new Set(delays).size).toBeGreaterThan(90);
  });

  test("is CONNECTING meanwhile, and can be cut short", async () => {
    const { source, server, log } = connect({ backoff: { delayFirstAttempt: true } });
    await tick(1000);
    expect([source.readyState, server.connections.length]).toEqual([0, 0]);
    source.reconnect();
    await tick();
    expect([server.connections.length, log]).toEqual([1, []]);
    server.latest.open();
    await tick(HOUR);
    expect(server.connections).toHaveLength(1);
  });

  test("shifts the waits after it by one factor", async () => {
    const { waits } = down({ backoff: { delayFirstAttempt: true, jitter: "none" } });
    await tick(60_000);
    expect(waits.slice(0, 4).map(({ published }) => published)).toEqual([
      6000, 12_000, 24_000, 30_000,
    ]);
  });
});
