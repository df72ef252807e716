import { describe, expect, test, vi } from "vitest";
import {
  connect,
  connectOpen,
  HOUR,
  leftovers,
  NOTHING,
  tick,
  useWorld,
} from "../../support/unit/world.ts";

useWorld();

test("an open connection stays until its moment, and is then replaced in one task, after the last id", async () => {
  const { source, server, log } = await connectOpen();
  server.latest.send("x", { id: "7" });
  log.length = 0;
  source.reconnect({ within: 50_000 });
  await tick(24_999);
  expect([server.connections.length, server.live.length]).toEqual([1, 1]);
  server.latest.send("y", { id: "8" });
  await tick(1);
  expect([server.connections.length, server.live.length]).toEqual([2, 1]);
  expect(server.connections[0]!.live).toBe(false);
  expect(server.latest.request).toMatchObject({ lastEventId: "8", attempt: 0 });
  server.latest.open();
  expect(log).toEqual(["state: connecting 0", "state: open", "open"]);
  await tick(HOUR);
  expect(server.connections).toHaveLength(2);
});

test.each([
  [0, 0],
  [0.25, 12_500],
  [0.999, 49_950],
])("a draw of %d leaves after %d ms", async (drawn, ms) => {
  const { source, server } = await connectOpen();
  vi.mocked(Math.random).mockReturnValue(drawn);
  source.reconnect({ within: 50_000 });
  if (ms) await tick(ms - 1);
  expect(server.connections).toHaveLength(1);
  await tick(1);
  expect(server.connections).toHaveLength(2);
});

test("of repeated calls the earliest moment counts", async () => {
  const { source, server } = await connectOpen();
  source.reconnect({ within: 50_000 });
  source.reconnect({ within: 10_000 });
  source.reconnect({ within: 60_000 });
  expect(leftovers().timers).toBe(1);
  await tick(5000);
  expect(server.connections).toHaveLength(2);
  server.latest.open();
  await tick(HOUR);
  expect(server.connections).toHaveLength(2);
});

describe("the moment is forgotten", () => {
  test("if the connection is lost before", async () => {
    const { source, server } = await connectOpen();
    source.reconnect({ within: 50_000 });
    server.latest.fail();
    await tick(1500);
    server.latest.open();
    await tick(HOUR);
    expect(server.connections).toHaveLength(2);
  });

  test("by reconnect()", async () => {
    const { source, server } = await connectOpen();
    source.reconnect({ within: 50_000 });
    source.reconnect();
    await tick();
    server.latest.open();
    await tick(HOUR);
    expect(server.connections).toHaveLength(2);
  });

  test("by close()", async () => {
    const { source } = await connectOpen();
    source.reconnect({ within: 50_000 });
    source.close();
    expect(leftovers()).toEqual(NOTHING);
  });
});

test("in any other state it does nothing", async () => {
  const { source, server } = connect({ backoff: { numOfAttempts: 2 } });
  const drain = (): void => source.reconnect({ within: 10 });
  drain();
  await tick(100);
  expect(server.connections).toHaveLength(1);
  drain();
  server.latest.fail();
  await tick();
  drain();
  await tick(1499);
  expect(source.state.status).toBe("waiting");
  await tick(1);
  server.latest.fail();
  await tick();
  drain();
  await tick(HOUR);
  expect([source.state.status, server.connections.length]).toEqual(["closed", 2]);
});

test("it starts with the counter at 0", async () => {
  const { source, server } = connect({ minUptime: HOUR });
  server.behaviour = (connection) => {
    if (server.connections.length === 3) connection.open();
    else if (server.connections.length < 3) connection.fail();
  };
  await tick(4500);
  expect(server.latest.request.attempt).toBe(2);
  source.reconnect({ within: 1000 });
  await tick(500);
  expect(server.latest.request.attempt).toBe(0);
});

test.each([NaN, -1, Infinity, 2 ** 31])("within: %d is refused by name", async (within) => {
  const { source } = connect();
  expect(() => source.reconnect({ within })).toThrow(
    new RangeError(`within must be a number from 0 to 2147483647, got ${within}`),
  );
});

test("within: a string is a TypeError, undefined means now", async () => {
  const { source, server } = await connectOpen();
  expect(() => source.reconnect({ within: "5" as never })).toThrow(TypeError);
  source.reconnect({ within: undefined });
  await tick();
  expect(server.connections).toHaveLength(2);
});
