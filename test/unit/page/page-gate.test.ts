import { describe, expect, test, vi } from "vitest";
import {
  connect,
  freeze,
  HOUR,
  leftovers,
  NOTHING,
  seedRandom,
  tick,
  useWorld,
  type Client,
} from "../../support/unit/world.ts";
import { usePage } from "../../support/unit/page.ts";

const page = usePage();
useWorld();

/** How long a cut connection waits for the news that the page is being left. */
const HOLD = 100;
/** After `online` with the draws of `useWorld`. */
const SPREAD = 500;

/** An open source that has heard the event with the id "7". */
async function opened(options?: Parameters<typeof connect>[0]): Promise<Client> {
  const client = connect(options);
  await tick();
  client.server.latest.open().send("x", { id: "7" });
  client.log.length = 0;
  return client;
}

const errors = ({ log }: Client): string[] => log.filter((line) => line.startsWith("error"));
const asked = ({ server }: Client): string[] =>
  server.connections.map(({ request }) => request.lastEventId);

describe("offline", () => {
  test("from the start: paused, and no request until the device is online", async () => {
    page.current.navigator.onLine = false;
    const { source, server, log } = connect();
    await tick(HOUR);
    expect(server.connections).toHaveLength(0);
    expect(source.state).toEqual({ status: "paused", reason: "offline" });
    expect(source.readyState).toBe(source.CONNECTING);
    page.current.fire("online");
    await tick(SPREAD);
    expect(server.connections).toHaveLength(1);
    expect(log).toEqual(["state: paused offline", "state: connecting 0"]);
  });

  test("while waiting: the wait becomes a pause, which ends within a jittered second, resumed by id", async () => {
    const client = await opened();
    const { source, server, log } = client;
    server.latest.end();
    await tick(HOLD);
    expect(source.state).toMatchObject({ status: "waiting", delay: 1500 });
    page.current.fire("offline");
    await tick(HOUR);
    expect(source.state).toEqual({ status: "paused", reason: "offline" });
    expect(server.connections).toHaveLength(1);
    page.current.fire("online");
    await tick(SPREAD - 1);
    expect(server.connections).toHaveLength(1);
    await tick(1);
    expect(asked(client)).toEqual(["", "7"]);
    server.latest.open();
    expect(log.slice(2)).toEqual([
      "state: paused offline",
      "state: connecting 1",
      "state: open",
      "open",
    ]);
  });

  test("a connection that lives is kept, for it may be a false alarm", async () => {
    const client = await opened();
    page.current.fire("offline");
    await tick(HOUR);
    client.server.latest.send("still here", { id: "8" });
    page.current.fire("online");
    client.server.latest.send("and now", { id: "9" });
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
    expect(client.log).toEqual([]);
  });

  test("a connection that is cut while offline is an error, and then a pause instead of a wait", async () => {
    const client = await opened();
    page.current.fire("offline");
    client.server.latest.fail();
    await tick(HOLD);
    expect(client.log.at(-1)).toBe("state: paused offline");
    expect(errors(client)).toHaveLength(1);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
    page.current.fire("online");
    await tick(SPREAD);
    expect(asked(client)).toEqual(["", "7"]);
  });

  test("an attempt under way is left alone", async () => {
    const client = connect();
    await tick();
    page.current.fire("offline");
    await tick(HOUR);
    expect(client.server.live).toHaveLength(1);
    client.server.latest.open();
    expect(client.source.state.status).toBe("open");
  });

  test("several sources come back spread over the second", async () => {
    page.current.fire("offline");
    const clients = Array.from({ length: 20 }, () => connect());
    await tick();
    seedRandom(3);
    const online = performance.now();
    page.current.fire("online");
    await tick(1000);
    const after = clients.map(({ server }) => server.latest.at - online);
    expect(Math.min(...after)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...after)).toBeLessThanOrEqual(1000);
    expect(new Set(after.map((ms) => Math.floor(ms / 200))).size).toBe(5);
  });

  test("a network that flaps is waited out, and leaves one timer at most", async () => {
    const client = await opened();
    client.server.latest.end();
    await tick(HOLD);
    for (let round = 0; round < 20; round++) {
      page.current.fire("offline");
      await tick(SPREAD / 2);
      page.current.fire("online");
      await tick(SPREAD / 2);
    }
    expect(client.server.connections).toHaveLength(1);
    await tick(SPREAD / 2);
    expect(client.server.connections).toHaveLength(2);
  });

  test("reconnect() does not overrule it", async () => {
    page.current.fire("offline");
    const client = connect();
    await tick();
    client.source.reconnect();
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(0);
  });

  test("a runtime with a window that does not know is online", async () => {
    Reflect.deleteProperty(page.current.navigator, "onLine");
    const { server } = connect();
    await tick();
    expect(server.connections).toHaveLength(1);
  });
});

describe("online without offline: another network", () => {
  test("cuts a wait short", async () => {
    const client = await opened();
    client.server.latest.end();
    await tick(HOLD);
    page.current.fire("online");
    await tick(SPREAD);
    expect(asked(client)).toEqual(["", "7"]);
  });

  test("a live connection that stays silent for 10 s is replaced", async () => {
    const client = await opened();
    page.current.fire("online");
    await tick(9999);
    expect(client.server.live).toHaveLength(1);
    await tick(1);
    expect(client.server.live).toHaveLength(0);
    await tick(HOLD + 1500);
    expect(errors(client)).toEqual(["error: retry 1 in 1500, timeout"]);
    expect(asked(client)).toEqual(["", "7"]);
  });

  test.each<[string, (client: Client) => unknown]>([
    ["an event", ({ server }) => server.latest.send("x")],
    ["a comment", ({ server }) => server.latest.sink.activity()],
  ])("one that speaks is kept: %s", async (_, speak) => {
    const client = await opened();
    page.current.fire("online");
    await tick(9999);
    speak(client);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
  });

  test("an attempt that got no answer on the old network is replaced, too", async () => {
    const { server } = connect();
    await tick();
    page.current.fire("online");
    await tick(10_000 + HOLD + 1500);
    expect(server.connections).toHaveLength(2);
  });

  test("while it was open, doubts of a connection before do not reach the next", async () => {
    const client = await opened();
    page.current.fire("online");
    await tick(9000);
    client.source.reconnect();
    await tick();
    client.server.latest.open();
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(2);
  });
});

describe.each([
  ["pagehide", "pageshow"],
  ["freeze", "resume"],
])("%s and %s", (leave, back) => {
  test("let go at once, and go on from the last id, without an error", async () => {
    const client = await opened();
    page.current.fire(leave);
    expect(client.server.live).toHaveLength(0);
    await tick();
    expect(client.source.state).toEqual({ status: "paused", reason: "frozen" });
    freeze(HOUR);
    page.current.fire(back);
    await tick();
    client.server.latest.open();
    expect(asked(client)).toEqual(["", "7"]);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(2);
    expect(client.log).toEqual([
      "state: paused frozen",
      "state: connecting 0",
      "state: open",
      "open",
    ]);
  });

  test("there and back in one task", async () => {
    const client = await opened();
    page.current.fire(leave, back);
    await tick();
    expect(asked(client)).toEqual(["", "7"]);
    expect(errors(client)).toEqual([]);
  });

  test("while waiting: no attempt", async () => {
    const client = await opened();
    client.server.latest.end();
    await tick(HOLD);
    page.current.fire(leave);
    await tick(HOUR);
    expect(client.source.state.status).toBe("paused");
    expect(client.server.connections).toHaveLength(1);
    page.current.fire(back);
    await tick();
    expect(asked(client)).toEqual(["", "7"]);
  });

  test("while connecting: the attempt is let go, and does not count as a failure", async () => {
    const client = connect({ backoff: { numOfAttempts: 1 } });
    await tick();
    page.current.fire(leave);
    expect(client.server.live).toHaveLength(0);
    await tick(HOUR);
    page.current.fire(back);
    await tick();
    client.server.latest.open();
    expect(client.source.state.status).toBe("open");
  });

  test("close() in between leaves nothing", async () => {
    const client = await opened();
    page.current.fire(leave);
    await tick();
    client.source.close();
    page.current.fire(back);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
    expect(leftovers()).toEqual(NOTHING);
  });
});

test("the events of a stay in the back-forward cache, as Chromium sends them, make one reconnect", async () => {
  const client = await opened();
  page.current.fire("pagehide");
  page.current.setHidden(true);
  page.current.fire("freeze");
  await tick();
  freeze(HOUR);
  page.current.fire("resume");
  page.current.fire("pageshow");
  page.current.setHidden(false);
  await tick(HOUR);
  expect(client.server.connections).toHaveLength(2);
});

describe("a connection that is cut", () => {
  test("while its page is being left is no error", async () => {
    const client = await opened();
    client.server.latest.fail();
    await tick(HOLD - 1);
    expect(client.log).toEqual([]);
    page.current.fire("pagehide");
    await tick(HOUR);
    page.current.fire("pageshow");
    await tick();
    client.server.latest.open();
    expect(errors(client)).toEqual([]);
    expect(asked(client)).toEqual(["", "7"]);
  });

  test("otherwise is one, a moment later", async () => {
    const client = await opened();
    client.server.latest.fail();
    await tick(HOLD);
    expect(client.log).toEqual([
      "state: waiting 1, 1500, network",
      "error: retry 1 in 1500, network",
    ]);
  });

  test("by a navigation that the server is slow to answer is no error (Firefox cuts it at once)", async () => {
    const client = await opened();
    page.current.navigate();
    client.server.latest.fail();
    await tick(3000);
    page.current.fire("pagehide");
    await tick(HOUR);
    expect(errors(client)).toEqual([]);
  });

  test("by a navigation after which the page stays is one in the end", async () => {
    const client = await opened();
    page.current.navigate();
    client.server.latest.fail();
    await tick(4999);
    expect(errors(client)).toEqual([]);
    await tick(1);
    expect(errors(client)).toEqual(["error: retry 1 in 1500, network"]);
  });

  test.each([
    { hashChange: true },
    { downloadRequest: "file.zip" },
    { destination: { sameDocument: true } },
  ])("after a navigation that leaves nothing (%j) is one as ever", async (navigation) => {
    const client = await opened();
    page.current.navigate(navigation);
    client.server.latest.fail();
    await tick(HOLD);
    expect(errors(client)).toHaveLength(1);
  });

  test("while its page is being left is no end either, whatever the policy says", async () => {
    const client = await opened({ backoff: { numOfAttempts: 1 } });
    client.server.latest.fail("status", { status: 404 });
    await tick();
    page.current.fire("pagehide");
    await tick(HOUR);
    page.current.fire("pageshow");
    await tick();
    client.server.latest.open();
    expect(client.source.state.status).toBe("open");
  });

  test("while a slow policy thinks, and the page goes: no error", async () => {
    const client = await opened({
      backoff: { retry: () => new Promise((resolve) => setTimeout(resolve, 1000, true)) },
    });
    client.server.latest.fail();
    await tick(500);
    page.current.fire("pagehide");
    await tick(HOUR);
    page.current.fire("pageshow");
    await tick(HOLD);
    expect(errors(client)).toEqual([]);
    expect(asked(client)).toEqual(["", "7"]);
  });

  test("and brought back by reconnect() in that moment is no error", async () => {
    const client = await opened();
    client.server.latest.fail();
    await tick(HOLD / 2);
    client.source.reconnect();
    await tick(HOUR);
    expect(asked(client)).toEqual(["", "7"]);
    expect(errors(client)).toEqual([]);
  });

  test("and closed in that moment is nothing", async () => {
    const client = await opened();
    client.server.latest.fail();
    await tick(HOLD / 2);
    client.source.close();
    await tick();
    expect(leftovers()).toEqual(NOTHING);
    await tick(HOUR);
    expect(client.log).toEqual([]);
  });
});

describe("pauseWhenHidden", () => {
  test.each([
    [true, 60_000],
    [5000, 5000],
  ])("%s lets go after that time, and resumes on return", async (pauseWhenHidden, ms) => {
    const client = await opened({ pauseWhenHidden });
    page.current.setHidden(true);
    await tick(ms - 1);
    expect(client.server.live).toHaveLength(1);
    await tick(1);
    expect(client.server.live).toHaveLength(0);
    expect(client.source.state).toEqual({ status: "paused", reason: "hidden" });
    await tick(HOUR);
    page.current.setHidden(false);
    await tick();
    expect(asked(client)).toEqual(["", "7"]);
    expect(errors(client)).toEqual([]);
  });

  test.each([false, 0, undefined])("%s keeps the connection", async (pauseWhenHidden) => {
    const client = await opened({ pauseWhenHidden });
    page.current.setHidden(true);
    await tick(24 * HOUR);
    client.server.latest.send("y");
    page.current.setHidden(false);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
  });

  test("counts from the last time the page was hidden", async () => {
    const client = await opened({ pauseWhenHidden: 5000 });
    for (let round = 0; round < 10; round++) {
      page.current.setHidden(true);
      await tick(4000);
      page.current.setHidden(false);
      await tick(4000);
    }
    expect(client.server.connections).toHaveLength(1);
  });

  test("a page that is hidden from the start connects, and is paused after that time", async () => {
    page.current.document.hidden = true;
    const client = await opened({ pauseWhenHidden: 5000 });
    expect(client.server.live).toHaveLength(1);
    await tick(5000);
    expect(client.source.state).toEqual({ status: "paused", reason: "hidden" });
  });

  test("while waiting it pauses, too", async () => {
    const client = await opened({
      pauseWhenHidden: 1000,
      backoff: { startingDelay: 10_000, jitter: "none" },
    });
    client.server.latest.end();
    page.current.setHidden(true);
    await tick(HOUR);
    expect(client.source.state).toEqual({ status: "paused", reason: "hidden" });
    expect(client.server.connections).toHaveLength(1);
  });

  test("offline on return stays paused, for another reason", async () => {
    const client = await opened({ pauseWhenHidden: 1000 });
    page.current.setHidden(true);
    await tick(1000);
    page.current.fire("offline");
    page.current.setHidden(false);
    await tick(HOUR);
    expect(client.source.state).toEqual({ status: "paused", reason: "offline" });
    expect(client.log).toEqual(["state: paused hidden", "state: paused offline"]);
  });
});

describe("a clock that jumps: the device slept", () => {
  test("a half-open connection is found and replaced", async () => {
    const client = await opened();
    freeze(HOUR);
    await tick(5000 + 10_000 + HOLD + 1500);
    expect(errors(client)).toEqual(["error: retry 1 in 1500, timeout"]);
    expect(asked(client)).toEqual(["", "7"]);
  });

  test("a healthy one, which speaks, is kept", async () => {
    const client = await opened();
    freeze(HOUR);
    await tick(5000);
    client.server.latest.sink.activity();
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
  });

  test("also while the page was hidden, but for the minute between two timers of a hidden page", async () => {
    const client = await opened();
    page.current.setHidden(true);
    for (let minute = 0; minute < 60; minute++) {
      freeze(60_000);
      await tick(5000);
    }
    page.current.setHidden(false);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
    page.current.setHidden(true);
    freeze(HOUR);
    page.current.setHidden(false);
    await tick(10_000);
    expect(client.server.live).toHaveLength(0);
  });

  test("a clock set back, or a little forward, says nothing", async () => {
    const client = await opened();
    vi.setSystemTime(Date.now() - HOUR);
    await tick(HOUR);
    vi.setSystemTime(Date.now() + 9000);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
  });

  test("a quiet stream in a page that is looked at now and then is left alone", async () => {
    const client = await opened();
    for (let round = 0; round < 10; round++) {
      page.current.setHidden(true);
      await tick(HOUR);
      page.current.setHidden(false);
      await tick(HOUR);
    }
    expect(client.server.connections).toHaveLength(1);
  });
});

describe("what listens to the page", () => {
  test("nothing before there is a source, and nothing after close()", async () => {
    expect(page.current.listeners).toBe(0);
    const client = await opened();
    const { listeners } = page.current;
    expect(listeners).toBeGreaterThan(0);
    // The attempt shares the listeners of its source.
    expect(new Set(page.current.window.held.map(([type]) => type)).size).toBe(
      page.current.window.held.length,
    );
    client.source.close();
    await tick();
    expect(page.current.listeners).toBe(0);
    expect(leftovers()).toEqual(NOTHING);
  });

  test("nothing after giving up, everything again after reconnect()", async () => {
    const client = connect();
    await tick();
    const { listeners } = page.current;
    client.server.latest.fail("status", { status: 404 });
    await tick(HOLD);
    expect(client.source.readyState).toBe(client.source.CLOSED);
    expect(page.current.listeners).toBe(0);
    expect(leftovers()).toEqual(NOTHING);
    page.current.fire("offline");
    client.source.reconnect();
    await tick();
    expect(client.source.state).toEqual({ status: "paused", reason: "offline" });
    expect(page.current.listeners).toBe(listeners);
  });

  test("no unload and no beforeunload, which keep a page out of the back-forward cache", async () => {
    await opened({ pauseWhenHidden: true });
    const types = [...page.current.window.held, ...page.current.document.held].map(
      ([type]) => type,
    );
    expect(types.sort()).toEqual([
      "freeze",
      "offline",
      "online",
      "pagehide",
      "pageshow",
      "resume",
      "visibilitychange",
    ]);
  });

  test("flat after 500 sources that were opened and closed, in each of their states", async () => {
    for (let round = 0; round < 500; round++) {
      const { source, server } = connect({ pauseWhenHidden: 1000 });
      const ends: (() => Promise<void> | void)[] = [
        () => {},
        () => tick(),
        () => tick().then(() => void server.latest.open()),
        () => tick().then(() => server.latest.fail()),
        () =>
          tick()
            .then(() => server.latest.fail())
            .then(() => tick(HOLD)),
        () => page.current.fire("online"),
        () => tick().then(() => page.current.fire("pagehide", "pageshow")),
        () => page.current.setHidden(true),
      ];
      await ends[round % ends.length]!();
      source.close();
      page.current.setHidden(false);
      await tick();
      expect([page.current.listeners, leftovers()]).toEqual([0, NOTHING]);
    }
  });
});

describe("where there is no page, the gate is open", () => {
  test.each<[string, () => void]>([
    ["no window (workers, Node)", () => vi.stubGlobal("window", undefined)],
    ["no document", () => vi.stubGlobal("document", undefined)],
    ["a window that takes no listeners (React Native)", () => vi.stubGlobal("window", {})],
  ])("%s", async (_, take) => {
    page.current.navigator.onLine = false;
    take();
    const client = await opened();
    expect(page.current.listeners).toBe(0);
    page.current.fire("offline", "pagehide", "freeze");
    client.server.latest.fail();
    await tick();
    // Without a page there is nothing to wait for: the error comes at once.
    expect(client.log).toEqual([
      "state: waiting 1, 1500, network",
      "error: retry 1 in 1500, network",
    ]);
    await tick(1500);
    expect(asked(client)).toEqual(["", "7"]);
  });
});
