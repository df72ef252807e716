import { expect, test, vi } from "vitest";
import type { ConnectionOpenEvent } from "../../../src/index.ts";
import { connect, freeze, HOUR, tick, useWorld, type Client } from "../../support/unit/world.ts";

useWorld();

function watchOpenings({ source }: Client) {
  const openings: Pick<ConnectionOpenEvent, "attempt" | "downFor" | "resumedFrom">[] = [];
  source.addEventListener("open", ({ attempt, downFor, resumedFrom }) =>
    openings.push({ attempt, downFor, resumedFrom }),
  );
  return openings;
}

test("the first opening has nothing before it", async () => {
  const client = connect();
  const openings = watchOpenings(client);
  await tick(1000);
  client.server.latest.open();
  expect(openings).toEqual([{ attempt: 0, downFor: undefined, resumedFrom: "" }]);
});

test("an id to start from is told to the server from the start", async () => {
  const client = connect({ lastEventId: "41" });
  const openings = watchOpenings(client);
  await tick();
  client.server.latest.open();
  expect(openings).toEqual([{ attempt: 0, downFor: undefined, resumedFrom: "41" }]);
});

test("a retry says after how many failures, how long, and from which id", async () => {
  const client = connect();
  const openings = watchOpenings(client);
  const { server } = client;
  await tick();
  server.latest.open().send("x", { id: "7" });
  server.latest.fail();
  await tick(1500);
  server.latest.fail();
  await tick(3000);
  server.latest.open();
  expect(openings[1]).toEqual({ attempt: 2, downFor: 4500, resumedFrom: "7" });
});

test("without an id nothing is resumed: what happened meanwhile is lost", async () => {
  const client = connect();
  const openings = watchOpenings(client);
  await tick();
  client.server.latest.open().send("x");
  client.server.latest.end();
  await tick(1500);
  client.server.latest.open();
  expect(openings[1]).toEqual({ attempt: 1, downFor: 1500, resumedFrom: "" });
});

test("resumedFrom is the id that was sent, not one that came since", async () => {
  const client = connect();
  const openings = watchOpenings(client);
  await tick();
  const { latest } = client.server;
  latest.open();
  latest.send("x", { id: "8" });
  expect(openings[0]!.resumedFrom).toBe("");
});

test("downFor counts from the last sign of life, not from the moment the silence was noticed", async () => {
  const client = connect({ heartbeatTimeout: 20_000 });
  const openings = watchOpenings(client);
  const { server } = client;
  await tick();
  server.latest.open({ status: 200 });
  await tick(7000);
  server.latest.sink.activity();
  await tick(25_000 + 1500);
  server.latest.open();
  const { downFor } = openings[1]!;
  // The timeout is noticed up to a quarter late; the wait is 1500 ms.
  expect(downFor).toBeGreaterThanOrEqual(20_000 + 1500);
  expect(downFor).toBeLessThanOrEqual(25_000 + 1500);
});

test("downFor is time by the wall clock: a device that slept was down", async () => {
  const client = connect();
  const openings = watchOpenings(client);
  await tick();
  client.server.latest.open().end();
  await tick();
  freeze(HOUR);
  await tick(1500);
  client.server.latest.open();
  expect(openings[1]!.downFor).toBe(HOUR + 1500);
});

test("a wall clock that was set back gives 0, not a negative time", async () => {
  const client = connect();
  const openings = watchOpenings(client);
  await tick();
  client.server.latest.open().end();
  await tick();
  vi.setSystemTime(Date.now() - HOUR);
  await tick(1500);
  client.server.latest.open();
  expect(openings[1]!.downFor).toBe(0);
});

test("reconnect() of an open connection is attempt 0 with a gap of nothing", async () => {
  const client = connect();
  const openings = watchOpenings(client);
  await tick();
  client.server.latest.open().send("x", { id: "7" });
  client.source.reconnect();
  await tick();
  client.server.latest.open();
  expect(openings[1]).toEqual({ attempt: 0, downFor: 0, resumedFrom: "7" });
});
