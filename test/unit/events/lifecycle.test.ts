import { describe, expect, test, vi } from "vitest";
import {
  ConnectionErrorEvent,
  ConnectionOpenEvent,
  ResilientEventSource,
} from "../../../src/index.ts";
import { connect, HOUR, leftovers, NOTHING, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

describe("from the first connection to the next", () => {
  test("states and events come in order, each state before its event", async () => {
    const { source, server, log } = connect();
    expect(source.state).toEqual({ status: "connecting", attempt: 0 });
    expect(server.connections).toHaveLength(0);
    await tick();
    expect(server.connections).toHaveLength(1);
    expect(log).toEqual([]);

    const openedAt = Date.now();
    server.latest.open();
    expect(source.state).toEqual({ status: "open", openedAt });
    await tick(1000);
    server.latest.end();
    await tick(1500);
    server.latest.fail();
    await tick(3000);
    server.latest.open();
    expect(log).toEqual([
      "state: open",
      "open",
      "state: waiting 1, 1500, ended",
      "error: retry 1 in 1500, ended",
      "state: connecting 1",
      "state: waiting 2, 3000, network",
      "error: retry 2 in 3000, network",
      "state: connecting 2",
      "state: open",
      "open",
    ]);
  });

  test("readyState is CONNECTING, OPEN, CONNECTING, CLOSED, also in listeners", async () => {
    const { source, server } = connect({ backoff: { numOfAttempts: 2 } });
    const seen = [source.readyState];
    for (const type of ["open", "error", "statechange"] as const)
      source.addEventListener(type, () => seen.push(source.readyState));
    await tick();
    server.latest.open().end();
    await tick(1500);
    server.latest.fail();
    await tick();
    expect(seen).toEqual([0, 1, 1, 0, 0, 0, 2, 2]);
  });

  test("listeners added in the same task as the construction miss nothing", async () => {
    const { source, server } = connect();
    const early = vi.fn();
    source.addEventListener("open", early);
    server.behaviour = (connection) => connection.open();
    await tick();
    expect(early).toHaveBeenCalledOnce();
  });

  test("each request has the last event ID: none, or the given one, then the latest", async () => {
    const { source, server } = connect({ lastEventId: "kept" });
    expect(source.lastEventId).toBe("kept");
    await tick();
    server.latest.open().send("x", { id: "41" });
    server.latest.sink.lastEventId("42");
    expect(source.lastEventId).toBe("42");
    server.latest.end();
    await tick(1500);
    expect(server.connections.map(({ request }) => [request.lastEventId, request.attempt])).toEqual(
      [
        ["kept", 0],
        ["42", 1],
      ],
    );
    server.latest.open().send("x", { id: "" });
    expect(source.lastEventId).toBe("");
  });
});

describe("the events themselves", () => {
  test("open has the details that the transport knows", async () => {
    const { source, server } = connect();
    const events: ConnectionOpenEvent[] = [];
    source.onopen = (event) => events.push(event);
    const headers = new Headers({ "X-Node": "7" });
    await tick();
    server.latest.open({ status: 200, headers }).end();
    await tick(1500);
    server.latest.open();
    expect(events.map(({ type, status, headers }) => [type, status, headers])).toEqual([
      ["open", 200, headers],
      ["open", undefined, undefined],
    ]);
    expect(events[0]).toBeInstanceOf(ConnectionOpenEvent);
  });

  test("error has the members of its type, and no others", async () => {
    const { source, server } = connect({ backoff: { numOfAttempts: 2 } });
    const events: ConnectionErrorEvent[] = [];
    source.onerror = (event) => events.push(event);
    await tick();
    server.latest.fail("status", { status: 503 });
    await tick();
    const retryAt = Date.now() + 1500;
    await tick(1500);
    server.latest.fail("timeout");
    await tick();
    const members = (event: Event): object =>
      Object.fromEntries(Object.entries(event).filter(([name]) => name !== "isTrusted"));
    expect(events.map(members)).toEqual([
      {
        readyState: 0,
        attempt: 1,
        delay: 1500,
        retryAt,
        error: expect.objectContaining({ reason: "status", status: 503 }),
      },
      { readyState: 2, error: expect.objectContaining({ reason: "timeout" }) },
    ]);
    expect(events[0]).toBeInstanceOf(ConnectionErrorEvent);
    expect(events[0]!.type).toBe("error");
  });

  test("another exception of a transport is a network error with a cause", async () => {
    for (const thrown of [new TypeError("odd"), "odd", undefined, Object.create(null)]) {
      const { source } = connect({ transport: () => Promise.reject(thrown as Error) });
      await tick();
      expect(source.state).toMatchObject({ status: "waiting", error: { reason: "network" } });
      expect((source.state as any).error.cause).toBe(thrown);
      source.close();
    }
  });

  test("so is an AbortError that our signal did not cause", async () => {
    const { source } = connect({
      transport: () => Promise.reject(new DOMException("aborted by somebody", "AbortError")),
    });
    await tick();
    expect(source.state).toMatchObject({
      status: "waiting",
      error: { reason: "network", cause: { name: "AbortError" } },
    });
    await tick(1500);
    expect(source.state).toMatchObject({ status: "waiting", attempt: 2 });
  });
});

describe("giving up", () => {
  test("happens after numOfAttempts, with the last cause, and is final", async () => {
    const { source, server, log } = connect({ backoff: { numOfAttempts: 3 } });
    for (const status of [500, 502, 503]) {
      await tick(30_000);
      server.latest.fail("status", { status });
    }
    await tick(HOUR);
    expect(server.connections).toHaveLength(3);
    expect(log.slice(-2)).toEqual(["state: closed status", "error: final, status"]);
    expect(source.state).toMatchObject({ status: "closed", error: { status: 503 } });
    expect(source.readyState).toBe(ResilientEventSource.CLOSED);
    expect(leftovers()).toEqual(NOTHING);
  });

  test("numOfAttempts 1 never retries", async () => {
    const { server, log } = connect({ backoff: { numOfAttempts: 1 } });
    await tick();
    server.latest.open();
    await tick(HOUR);
    server.latest.end();
    await tick(HOUR);
    expect(log).toEqual(["state: open", "open", "state: closed ended", "error: final, ended"]);
    expect(server.connections).toHaveLength(1);
  });

  test("numOfAttempts counts failures in a row: a stable connection resets it", async () => {
    const { server, log } = connect({ backoff: { numOfAttempts: 2 } });
    for (let round = 0; round < 5; round++) {
      await tick(30_000);
      server.latest.open();
      await tick(5000);
      server.latest.end();
    }
    await tick(30_000);
    expect(log.filter((line) => line.includes("final"))).toEqual([]);
    expect(server.connections).toHaveLength(6);
  });

  test.each([
    ["status", 404],
    ["content-type", 200],
    ["unsupported", undefined],
  ] as const)("at once for what is not retried: %s %s", async (reason, status) => {
    const { server, log } = connect();
    await tick();
    server.latest.fail(reason, { status });
    await tick(HOUR);
    expect(log).toEqual([`state: closed ${reason}`, `error: final, ${reason}`]);
    expect(server.connections).toHaveLength(1);
  });

  test("a 204 is a normal end: closed without an error, and the event says so", async () => {
    const { source, server, log } = connect();
    const ends: unknown[] = [];
    source.addEventListener("error", ({ error }) => ends.push(error.expected));
    await tick();
    server.latest.fail("status", { status: 204 });
    await tick(HOUR);
    expect(log).toEqual(["state: closed", "error: final, status"]);
    expect(source.state).toEqual({ status: "closed" });
    expect([ends, server.connections.length]).toEqual([[true], 1]);
  });

  test("reconnect() starts again, with the counter at 0", async () => {
    const { source, server, log } = connect({ backoff: { numOfAttempts: 2 } });
    await tick();
    server.latest.fail();
    await tick(1500);
    server.latest.fail();
    await tick();
    log.length = 0;
    source.reconnect();
    await tick();
    expect(server.connections).toHaveLength(3);
    server.latest.fail();
    await tick(1500);
    server.latest.open();
    expect(log).toEqual([
      "state: connecting 0",
      "state: waiting 1, 1500, network",
      "error: retry 1 in 1500, network",
      "state: connecting 1",
      "state: open",
      "open",
    ]);
  });

  test("reconnect() in a listener of the last error, and of its statechange", async () => {
    for (const type of ["error", "statechange"] as const) {
      const { source, server } = connect({ backoff: { numOfAttempts: 1 } });
      source.addEventListener(type, () => {
        if (source.readyState === ResilientEventSource.CLOSED) source.reconnect();
      });
      await tick();
      server.latest.fail();
      await tick();
      expect(server.live).toHaveLength(1);
      server.latest.open();
      expect(source.state.status).toBe("open");
      await tick(HOUR);
      expect(server.connections).toHaveLength(2);
    }
  });

  test("two calls of reconnect() make one connection", async () => {
    const { source, server } = connect({ backoff: { numOfAttempts: 1 } });
    await tick();
    server.latest.fail();
    await tick();
    source.reconnect();
    source.reconnect();
    await tick();
    expect([server.connections.length, server.live.length]).toEqual([2, 1]);
  });
});
