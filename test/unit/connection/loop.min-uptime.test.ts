import { describe, expect, test } from "vitest";
import { connect, freeze, HOUR, seedRandom, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

/** Lets a connection live for a while and end; gives the wait that follows. */
async function waitAfter(
  { source, server }: ReturnType<typeof connect>,
  openFor: number,
  each?: () => void,
): Promise<number> {
  server.latest.open();
  for (let ms = 0; each && ms < openFor; ms += 100) {
    await tick(100);
    each();
  }
  if (!each) await tick(openFor);
  server.latest.end();
  await tick();
  const { state } = source;
  if (state.status !== "waiting") throw new Error(`expected a wait, not ${state.status}`);
  await tick(state.delay);
  return state.delay;
}

describe("the counter goes back to 0 only after minUptime, measured from the opening", () => {
  test("not before", async () => {
    const client = connect();
    await tick();
    const waits = [];
    for (const openFor of [4999, 4999, 4999, 5000, 0, 5001])
      waits.push(await waitAfter(client, openFor));
    expect(waits).toEqual([1500, 3000, 6000, 1500, 3000, 1500]);
  });

  test("a busy stream resets: events do not restart the clock", async () => {
    const client = connect();
    await tick();
    const busy = (): void => void client.server.latest.send("x", { id: "1" });
    const waits = [
      await waitAfter(client, 100),
      await waitAfter(client, 6000, busy),
      await waitAfter(client, 100),
    ];
    expect(waits).toEqual([1500, 1500, 3000]);
  });

  test("the time before the opening does not count", async () => {
    const client = connect();
    await tick();
    client.server.latest.fail();
    await tick(1500);
    await tick(HOUR);
    expect(await waitAfter(client, 100)).toBe(3000);
  });

  test("minUptime: 0 resets on every opening", async () => {
    const client = connect({ minUptime: 0 });
    await tick();
    expect([
      await waitAfter(client, 0),
      await waitAfter(client, 0),
      await waitAfter(client, 0),
    ]).toEqual([1500, 1500, 1500]);
  });

  test("a page that slept with the stream open had a stable connection", async () => {
    const client = connect();
    await tick();
    await waitAfter(client, 0);
    client.server.latest.open();
    freeze(HOUR);
    client.server.latest.end();
    await tick();
    expect(client.source.state).toMatchObject({ status: "waiting", attempt: 1 });
  });

  test("reconnect() after that is attempt 0 again, before that it is not", async () => {
    const { source, server } = connect();
    server.behaviour = (connection) => {
      if (connection.request.attempt === 0 && server.connections.length === 1) connection.fail();
      else connection.open();
    };
    await tick(1500);
    source.reconnect();
    await tick(5000);
    source.reconnect();
    await tick();
    expect(server.connections.map(({ request }) => request.attempt)).toEqual([0, 1, 1, 0]);
  });
});

test("a server that accepts and closes is not hammered", async () => {
  seedRandom(5);
  const { server } = connect();
  server.behaviour = (connection) => connection.open().end();
  await tick(HOUR);
  // 240 waits of 15 s on average; a counter that opening resets would make 2400.
  expect(server.connections.length).toBeLessThan(300);
  expect(server.connections.length).toBeGreaterThan(200);
});

test("nor one that also sends an event each time", async () => {
  seedRandom(6);
  const { server } = connect();
  server.behaviour = (connection) => connection.open().send("hello", { id: "1" }).end();
  await tick(HOUR);
  expect(server.connections.length).toBeLessThan(300);
});
