import { describe, expect, test } from "vitest";
import {
  connect,
  freeze,
  HOUR,
  leftovers,
  NOTHING,
  tick,
  useWorld,
} from "../../support/unit/world.ts";

useWorld();

describe("connectTimeout", () => {
  test("ends an attempt that is never answered", async () => {
    const { server, log } = connect({ connectTimeout: 10_000 });
    await tick(9999);
    expect([log, server.live.length]).toEqual([[], 1]);
    await tick(1);
    expect(log).toEqual(["state: waiting 1, 1500, timeout", "error: retry 1 in 1500, timeout"]);
    expect(server.live).toHaveLength(0);
    expect(server.latest.request.signal.aborted).toBe(true);
  });

  test("counts each attempt from its own request, and stops at open", async () => {
    const { server, log } = connect({ connectTimeout: 1000 });
    await tick(900);
    server.latest.fail();
    await tick(1500 + 900);
    server.latest.open();
    await tick(HOUR);
    expect(log.filter((line) => line.includes("timeout"))).toEqual([]);
    expect([server.live.length, leftovers().timers]).toEqual([1, 0]);
  });

  test("is off by default", async () => {
    const { server } = connect();
    await tick(HOUR);
    expect([server.connections.length, server.live.length]).toEqual([1, 1]);
  });

  test("of a cut-short attempt does not end the next", async () => {
    const { source, server, log } = connect({ connectTimeout: 1000 });
    await tick(999);
    source.reconnect();
    await tick(500);
    expect([server.connections.length, server.live.length, log]).toEqual([2, 1, []]);
  });
});

describe("heartbeatTimeout", () => {
  test("replaces a connection that says nothing, at the latest a quarter later", async () => {
    const { server, log } = connect({ heartbeatTimeout: 20_000 });
    await tick();
    server.latest.open();
    await tick(19_999);
    expect(server.live).toHaveLength(1);
    await tick(5001);
    expect(log.slice(2)).toEqual([
      "state: waiting 1, 1500, timeout",
      "error: retry 1 in 1500, timeout",
    ]);
    expect(server.live).toHaveLength(0);
  });

  test.each([
    ["an event", (sink: any) => sink.event("unheard", "", { lastEventId: "", origin: "" })],
    ["a comment", (sink: any) => sink.activity()],
  ])("%s breaks the silence", async (_, speak) => {
    const { server } = connect({ heartbeatTimeout: 20_000 });
    await tick();
    server.latest.open();
    for (let round = 0; round < 20; round++) {
      await tick(19_000);
      speak(server.latest.sink);
    }
    expect([server.connections.length, server.live.length]).toEqual([1, 1]);
    await tick(19_999);
    expect(server.live).toHaveLength(1);
    await tick(5001);
    expect(server.live).toHaveLength(0);
  });

  test("frozen time does not count", async () => {
    const { server } = connect({ heartbeatTimeout: 20_000 });
    await tick();
    server.latest.open();
    await tick(15_000);
    freeze(8 * HOUR);
    await tick(4000);
    expect(server.live).toHaveLength(1);
    await tick(6000);
    expect(server.live).toHaveLength(0);
  });

  test("nor does time in which timers are throttled to one a minute", async () => {
    const { server } = connect({ heartbeatTimeout: 20_000 });
    await tick();
    server.latest.open();
    for (let minute = 0; minute < 4; minute++) {
      freeze(55_000);
      await tick(5000);
      expect([minute, server.live.length]).toEqual([minute, 1]);
    }
  });

  test("is off by default, and before open", async () => {
    const silent = connect();
    const unopened = connect({ heartbeatTimeout: 1000 });
    await tick();
    silent.server.latest.open();
    await tick(HOUR);
    expect([silent.server.connections.length, unopened.server.connections.length]).toEqual([1, 1]);
  });

  test("leaves no timer once the connection is over", async () => {
    const { source, server } = connect({ heartbeatTimeout: 20_000 });
    await tick();
    server.latest.open();
    expect(leftovers().timers).toBe(1);
    server.latest.end();
    await tick();
    expect(leftovers().timers).toBe(1); // the wait
    source.close();
    expect(leftovers()).toEqual(NOTHING);
  });
});
