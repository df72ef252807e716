import { describe, expect, test } from "vitest";
import {
  ConnectionError,
  ConnectionOpenEvent,
  iterate,
  type Transport,
} from "../../../src/index.ts";
import { connect, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

const giveUp = { backoff: { numOfAttempts: 1 } };

describe("reconnect() after giving up", () => {
  test("is seen at once", async () => {
    const { source, server } = connect(giveUp);
    await tick();
    server.latest.fail();
    await tick();
    expect(source.readyState).toBe(source.CLOSED);
    source.reconnect();
    expect(source.state).toEqual({ status: "connecting", attempt: 0 });
    const iteration = iterate(source, "message");
    await tick();
    server.latest.open().send("a");
    expect(await iteration.next()).toEqual({ done: false, value: "a" });
  });

  test("inside the last error event keeps the iterations", async () => {
    const { source, server } = connect(giveUp);
    const iteration = iterate(source, "message");
    source.addEventListener("error", () => source.reconnect(), { once: true });
    await tick();
    server.latest.fail();
    await tick();
    server.latest.open().send("a");
    expect(await iteration.next()).toEqual({ done: false, value: "a" });
  });
});

test.each([0, 1, 2, 3, 4, 5, 6, 7])(
  "reconnect() %i microtasks after a connection failed connects at once, or cuts the wait short",
  async (microtasks) => {
    const { source, server } = connect();
    await tick();
    server.latest.open().fail();
    for (let count = 0; count < microtasks; count++) await Promise.resolve();
    source.reconnect();
    await tick();
    expect(server.connections).toHaveLength(2);
    expect(source.state).toMatchObject({ status: "connecting" });
  },
);

test("a statechange listener that replaces the connection on open: no open event for the replaced one", async () => {
  const { source, server } = connect();
  const opened: boolean[] = [];
  source.addEventListener(
    "statechange",
    () => source.state.status === "open" && server.connections.length === 1 && source.reconnect(),
  );
  source.addEventListener("open", (event) => opened.push(event instanceof ConnectionOpenEvent));
  await tick();
  server.latest.open();
  await tick();
  expect(opened).toEqual([]);
  server.latest.open();
  expect(opened).toEqual([true]);
});

test("a url function of a replaced attempt that answers late does not change url", async () => {
  const answers: ((url: string) => void)[] = [];
  const { source } = connect({}, () => new Promise((resolve) => answers.push(resolve)));
  await tick();
  source.reconnect();
  await tick();
  answers[1]!("https://a.example/new");
  await tick();
  answers[0]!("https://a.example/old");
  await tick();
  expect(source.url).toBe("https://a.example/new");
});

test("a ConnectionError of another copy of the package keeps its reason", async () => {
  const foreign = Object.assign(new Error("no"), {
    name: "ConnectionError",
    reason: "status",
    status: 404,
  });
  expect(foreign).toBeInstanceOf(ConnectionError);
  expect(new Error("no")).not.toBeInstanceOf(ConnectionError);
  const transport: Transport = () => Promise.reject(foreign);
  const { source } = connect({ transport });
  await tick();
  expect(source.state).toMatchObject({
    status: "closed",
    error: { reason: "status", status: 404 },
  });
});
