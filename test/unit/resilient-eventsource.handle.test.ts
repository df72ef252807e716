import { expect, test } from "vitest";
import type { ConnectionState } from "../../src/index.ts";
import { connect, tick, useWorld } from "../support/unit/world.ts";

useWorld();

test("a transport observes every state, close() included, in the order of the states", async () => {
  const { source, server } = connect({ backoff: { jitter: "none", numOfAttempts: 2 } });
  await tick();
  const { source: handle } = server.latest.request;
  const states: ConnectionState[] = [];
  handle.onState((state) => {
    states.push(state);
    // Already readable on the source.
    expect(source.state).toBe(state);
  });
  server.latest.open();
  server.latest.fail();
  await tick();
  await tick(3000);
  expect(server.latest.request.source).toBe(handle);
  server.latest.fail();
  await tick();
  source.reconnect();
  await tick();
  source.close();
  source.close();
  expect(states.map(({ status }) => status)).toEqual([
    "open",
    "waiting",
    "connecting",
    "closed",
    "connecting",
    "closed",
  ]);
  expect(states[3]).toHaveProperty("error.reason", "network");
  expect(states[5]).toEqual({ status: "closed" });
});

test("a transport hears of a state before any listener of the source does", async () => {
  const { source, server } = connect();
  await tick();
  const calls: string[] = [];
  server.latest.request.source.onState(({ status }) => calls.push(`handle ${status}`));
  source.addEventListener("statechange", () => calls.push(`source ${source.state.status}`));
  server.latest.open();
  expect(calls).toEqual(["handle open", "source open"]);
});

test("an observer that was removed hears nothing more", async () => {
  const { server } = connect();
  await tick();
  let heard = 0;
  const remove = server.latest.request.source.onState(() => heard++);
  server.latest.open();
  remove();
  server.latest.fail();
  await tick();
  expect(heard).toBe(1);
});
