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

describe("offline is a hint", () => {
  /** With the draws of `useWorld`: three quarters of maxDelay. */
  const SLOW = 22_500;

  /** A source whose server is out of reach. */
  function unreachable(options?: Parameters<typeof connect>[0], url?: string): Client {
    const client = connect(options, url);
    client.server.behaviour = (connection) => connection.fail();
    return client;
  }

  test("from the start: one attempt at once, then slow ones, quiet and uncounted", async () => {
    page.current.navigator.onLine = false;
    const client = unreachable({ backoff: { numOfAttempts: 3 } });
    await tick(HOLD);
    expect(client.server.connections).toHaveLength(1);
    expect(client.source.state).toEqual({
      status: "paused",
      reason: "offline",
      retryAt: Date.now() + SLOW,
    });
    expect(client.source.readyState).toBe(client.source.CONNECTING);
    await tick(HOUR);
    expect(client.server.connections.length).toBeGreaterThan(150);
    expect(client.server.connections.length).toBeLessThan(170);
    expect(errors(client)).toEqual([]);
    expect(new Set(client.log)).toEqual(new Set(["state: paused offline"]));
  });

  test("the waits are drawn from the upper half of maxDelay", async () => {
    page.current.navigator.onLine = false;
    seedRandom(5);
    const { server } = unreachable();
    await tick(HOUR);
    const waits = server.connections.slice(1).map(({ at }, i) => at - server.connections[i]!.at);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(15_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_000 + HOLD);
    expect(new Set(waits).size).toBeGreaterThan(100);
  });

  test("a server that can be reached all the same is used, by its first answer", async () => {
    page.current.navigator.onLine = false;
    const client = connect();
    await tick();
    client.server.latest.open();
    expect(client.log).toEqual(["state: open", "open"]);
  });

  test("a server that comes back is found by a slow attempt, which no state announces", async () => {
    page.current.navigator.onLine = false;
    const client = unreachable();
    await tick(HOLD);
    client.server.behaviour = () => {};
    await tick(SLOW);
    expect(client.server.connections).toHaveLength(2);
    expect(client.source.state).toMatchObject({ status: "paused", reason: "offline" });
    client.server.latest.open();
    expect(client.log).toEqual(["state: paused offline", "state: open", "open"]);
  });

  test("a server that answers is not out of reach: its failures are reported and counted", async () => {
    page.current.navigator.onLine = false;
    const client = connect({ backoff: { numOfAttempts: 2 } });
    client.server.behaviour = (connection) => connection.fail("status", { status: 503 });
    await tick(HOLD);
    expect(errors(client)).toEqual(["error: retry 1 in 1500, status"]);
    await tick(1500 + HOLD);
    expect(client.source.state).toMatchObject({ status: "closed", error: { status: 503 } });
  });

  test("the server's floor counts more", async () => {
    page.current.navigator.onLine = false;
    const client = connect();
    await tick();
    client.server.latest.fail("network", { retryAfter: 60_000 });
    await tick(HOLD);
    expect(client.source.state).toMatchObject({ retryAt: Date.now() + 60_000 });
  });

  test("while waiting: the wait becomes a pause with the same end; online cuts it, jittered, and resumes by id", async () => {
    const client = await opened();
    const { source, server, log } = client;
    server.latest.end();
    await tick(HOLD);
    expect(source.state).toMatchObject({ status: "waiting", delay: 1500 });
    const { retryAt } = source.state as { retryAt: number };
    page.current.fire("offline");
    expect(source.state).toEqual({ status: "paused", reason: "offline", retryAt });
    await tick(100);
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

  test("a connection that lives is kept", async () => {
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

  test("a connection that is cut while offline is one error, then a pause that ends as the error says", async () => {
    const client = await opened();
    page.current.fire("offline");
    client.server.behaviour = (connection) => connection.fail();
    client.server.latest.fail();
    await tick(HOLD);
    expect(client.log).toEqual([
      "state: waiting 1, 1500, network",
      "error: retry 1 in 1500, network",
      "state: paused offline",
    ]);
    await tick(HOUR);
    expect(errors(client)).toHaveLength(1);
    expect(client.server.connections.length).toBeGreaterThan(100);
    page.current.fire("online");
    client.server.behaviour = () => {};
    await tick(SPREAD);
    expect(asked(client).at(-1)).toBe("7");
    expect(client.source.state).toEqual({ status: "connecting", attempt: 1 });
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

  test("online during a quiet attempt: the state says connecting again", async () => {
    page.current.navigator.onLine = false;
    const client = unreachable();
    await tick(HOLD);
    client.server.behaviour = () => {};
    await tick(SLOW);
    page.current.fire("online");
    await tick(SPREAD);
    expect(client.source.state).toEqual({ status: "connecting", attempt: 0 });
    expect(client.server.connections).toHaveLength(2);
    client.server.latest.open();
    expect(client.source.state.status).toBe("open");
  });

  test.each([
    ["frozen", () => page.current.fire("freeze"), () => page.current.fire("resume")],
    ["hidden", () => page.current.setHidden(true), () => page.current.setHidden(false)],
  ])("%s during a quiet attempt: the next one is announced", async (reason, go, back) => {
    page.current.navigator.onLine = false;
    const client = unreachable({ pauseWhenHidden: 1 });
    await tick(HOLD);
    client.server.behaviour = () => {};
    await tick(SLOW);
    client.log.length = 0;
    go();
    await tick(1);
    back();
    await tick();
    expect(client.log).toEqual([`state: paused ${reason}`, "state: connecting 0"]);
    client.server.latest.fail();
    await tick(HOLD);
    expect(client.source.state).toMatchObject({ status: "paused", reason: "offline" });
    expect(errors(client)).toEqual([]);
  });

  test("online, but the wait may not be cut again so soon: the state says connecting after it", async () => {
    page.current.navigator.onLine = false;
    const client = unreachable({ backoff: { maxDelay: 4000 } });
    await tick(HOLD);
    page.current.fire("online");
    await tick(SPREAD);
    page.current.fire("offline");
    await tick(HOLD + 1500 + HOLD);
    expect(client.source.state).toMatchObject({ status: "paused", retryAt: Date.now() + 3000 });
    page.current.fire("online");
    client.server.behaviour = () => {};
    await tick(2999);
    expect(client.source.state.status).toBe("paused");
    await tick(1);
    expect(client.source.state).toEqual({ status: "connecting", attempt: 1 });
  });

  test("online before the failure of a quiet attempt is reported: it is reported, and counts", async () => {
    page.current.navigator.onLine = false;
    const client = unreachable();
    await tick(HOLD + SLOW - SPREAD + HOLD / 2);
    page.current.fire("online");
    await tick(SPREAD);
    expect(client.server.connections).toHaveLength(2);
    expect(client.source.state).toEqual({ status: "connecting", attempt: 0 });
    await tick(HOLD / 2);
    expect(client.log.slice(1)).toEqual([
      "state: connecting 0",
      "state: waiting 1, 1500, network",
      "error: retry 1 in 1500, network",
    ]);
    await tick(1500);
    expect(client.log.slice(4)).toEqual(["state: connecting 1"]);
  });

  test("several sources come back spread over the second", async () => {
    page.current.fire("offline");
    const clients = Array.from({ length: 20 }, () => unreachable());
    page.current.navigator.onLine = false;
    await tick(HOLD);
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
    page.current.navigator.onLine = false;
    const client = unreachable();
    await tick(HOLD);
    for (let round = 0; round < 20; round++) {
      page.current.fire("online");
      await tick(SPREAD / 2);
      page.current.fire("offline");
      await tick(SPREAD / 2);
    }
    expect(client.server.connections).toHaveLength(1);
    page.current.fire("online");
    await tick(SPREAD);
    expect(client.server.connections).toHaveLength(2);
  });

  test("a network that flaps slowly costs one attempt in five seconds at most", async () => {
    const client = unreachable({ backoff: { startingDelay: 30_000, jitter: "none" } });
    await tick(HOLD);
    const before = client.server.connections.length;
    for (let second = 0; second < 60; second++) {
      page.current.fire("online");
      await tick(1000);
    }
    const cut = client.server.connections.length - before;
    expect(cut).toBeGreaterThan(8);
    expect(cut).toBeLessThanOrEqual(13);
  });

  test("reconnect() overrules it, and says so", async () => {
    page.current.navigator.onLine = false;
    const client = unreachable();
    await tick(HOLD);
    client.server.behaviour = () => {};
    client.source.reconnect();
    await tick();
    expect(client.server.connections).toHaveLength(2);
    expect(client.source.state).toEqual({ status: "connecting", attempt: 0 });
    client.server.latest.fail();
    await tick(HOLD);
    expect(client.source.state).toMatchObject({ status: "paused", reason: "offline" });
    expect(errors(client)).toEqual([]);
  });

  test("close() in between leaves nothing", async () => {
    page.current.navigator.onLine = false;
    const client = unreachable();
    await tick(HOLD);
    client.source.close();
    await tick();
    expect(leftovers()).toEqual(NOTHING);
  });

  test.each([
    "http://localhost/",
    "http://localhost:8080/stream",
    "https://app.localhost/stream",
    "http://127.0.0.1:3000/",
    "http://127.9.8.7/",
    "http://[::1]:8080/",
    "http://me:secret@localhost/",
  ])("does not apply to %s", async (url) => {
    page.current.navigator.onLine = false;
    const client = unreachable({}, url);
    await tick(HOLD);
    expect(client.log).toEqual([
      "state: waiting 1, 1500, network",
      "error: retry 1 in 1500, network",
    ]);
  });

  test.each([
    "http://localhost.example.com/",
    "http://notlocalhost/",
    "http://127.example.com/",
    "http://example.com/localhost/",
    "http://example.com/?@localhost/",
    "http://10.0.0.1/",
  ])("applies to %s", async (url) => {
    page.current.navigator.onLine = false;
    const client = unreachable({}, url);
    await tick(HOLD);
    expect(client.log).toEqual(["state: paused offline"]);
  });

  test("a runtime with a window that does not know is online", async () => {
    Reflect.deleteProperty(page.current.navigator, "onLine");
    const client = unreachable();
    await tick(HOLD);
    expect(client.source.state.status).toBe("waiting");
  });
});

describe("a page that becomes visible", () => {
  const hideAndShow = (): void => {
    page.current.setHidden(true);
    page.current.setHidden(false);
  };
  const long = { backoff: { startingDelay: 25_000, jitter: "none" } } as const;

  test("cuts a wait; the counter stays", async () => {
    const client = await opened(long);
    client.server.latest.fail();
    await tick(HOLD);
    expect(client.source.state).toMatchObject({ status: "waiting", delay: 25_000 });
    hideAndShow();
    await tick();
    expect(client.server.connections).toHaveLength(2);
    expect(client.server.latest.request.attempt).toBe(1);
  });

  test.each<[string, (client: Client) => void]>([
    [
      "Retry-After",
      ({ server }) => server.latest.fail("status", { status: 503, retryAfter: 10_000 }),
    ],
    [
      "retry:",
      ({ server }) => {
        server.latest.sink.retry(10_000);
        server.latest.fail();
      },
    ],
  ])("never cuts the floor that the server named by %s", async (_, fail) => {
    const client = await opened({ backoff: { startingDelay: 25_000 } });
    fail(client);
    await tick(HOLD);
    expect(client.source.state).toMatchObject({ status: "waiting", delay: 22_500 });
    await tick(4000);
    hideAndShow();
    await tick();
    expect(client.source.state).toMatchObject({
      status: "waiting",
      attempt: 1,
      delay: 6000,
      retryAt: Date.now() + 6000,
    });
    await tick(5999);
    expect(client.server.connections).toHaveLength(1);
    await tick(1);
    expect(client.server.connections).toHaveLength(2);
    // The error was reported once.
    expect(errors(client)).toHaveLength(1);
  });

  test("does not cut a wait that backoff.retry named", async () => {
    const client = await opened({ backoff: { retry: () => 20_000 } });
    client.server.latest.fail();
    await tick(HOLD);
    hideAndShow();
    await tick(19_999);
    expect(client.server.connections).toHaveLength(1);
    await tick(1);
    expect(client.server.connections).toHaveLength(2);
  });

  describe.each(["Retry-After", "a number of backoff.retry"])("a pause in a wait by %s", (by) => {
    async function paused(): Promise<Client> {
      const client = await opened({
        pauseWhenHidden: 1000,
        backoff: { ...(by !== "Retry-After" && { retry: () => 60_000 }) },
      });
      client.server.latest.fail("status", {
        status: 503,
        retryAfter: by === "Retry-After" ? 60_000 : undefined,
      });
      await tick(HOLD);
      client.log.length = 0;
      page.current.setHidden(true);
      await tick(10_000);
      return client;
    }

    test("does not shorten it", async () => {
      const client = await paused();
      page.current.setHidden(false);
      await tick(49_999);
      expect(client.server.connections).toHaveLength(1);
      await tick(1);
      expect(client.server.connections).toHaveLength(2);
      expect(client.log).toEqual([
        "state: paused hidden",
        "state: waiting 1, 50000, status",
        "state: connecting 1",
      ]);
    });

    test("may outlast it", async () => {
      const client = await paused();
      await tick(50_000);
      expect(client.server.connections).toHaveLength(1);
      page.current.setHidden(false);
      await tick();
      expect(client.server.connections).toHaveLength(2);
      expect(client.log).toEqual(["state: paused hidden", "state: connecting 1"]);
    });

    test("may be followed by another one", async () => {
      const client = await paused();
      page.current.fire("freeze");
      page.current.setHidden(false);
      await tick(10_000);
      page.current.fire("resume");
      await tick();
      expect(client.log).toEqual([
        "state: paused hidden",
        "state: paused frozen",
        "state: waiting 1, 40000, status",
      ]);
    });

    test("ends as reconnect() says, called in the pause or after it", async () => {
      const client = await paused();
      client.source.reconnect();
      await tick();
      expect(client.server.connections).toHaveLength(1);
      page.current.setHidden(false);
      await tick();
      expect(client.server.connections).toHaveLength(2);
      const other = await paused();
      page.current.setHidden(false);
      await tick();
      other.source.reconnect();
      await tick();
      expect(other.server.connections).toHaveLength(2);
    });

    test("ends with close()", async () => {
      const client = await paused();
      client.source.close();
      page.current.setHidden(false);
      await tick(HOUR);
      expect(client.server.connections).toHaveLength(1);
      expect(client.log).toEqual(["state: paused hidden"]);
    });
  });

  test.each([2 ** 31, 1e11, 1e29, Infinity])(
    "does not make a wait of %d ms one that setTimeout cannot hold, which would be none at all",
    async (retryAfter) => {
      const client = await opened({ pauseWhenHidden: 1000 });
      client.server.latest.fail("status", { status: 503, retryAfter });
      await tick(HOLD);
      client.log.length = 0;
      page.current.setHidden(true);
      await tick(10_000);
      page.current.setHidden(false);
      await tick(HOUR);
      expect(client.log).toEqual([
        "state: paused hidden",
        `state: waiting 1, ${2 ** 31 - 1 - 10_000}, status`,
      ]);
      expect(client.server.connections).toHaveLength(1);
    },
  );

  test("only reconnect() overrules a floor, also while its rest is waited for", async () => {
    const client = await opened();
    client.server.latest.fail("status", { status: 503, retryAfter: 60_000 });
    await tick(HOLD);
    hideAndShow();
    await tick();
    client.source.reconnect();
    await tick();
    expect(client.server.connections).toHaveLength(2);
  });

  test("does so once in five seconds at most, and not for nothing: the rest of the five seconds is waited", async () => {
    const client = await opened(long);
    client.server.behaviour = (connection) => connection.fail();
    client.server.latest.fail();
    await tick(HOLD);
    const times: number[] = [];
    for (let tenth = 0; tenth < 200; tenth++) {
      hideAndShow();
      await tick(100);
    }
    for (const { at } of client.server.connections.slice(1)) times.push(at);
    expect(times.length).toBeGreaterThanOrEqual(3);
    for (const [i, at] of times.entries())
      if (i > 0) expect(at - times[i - 1]!).toBeGreaterThanOrEqual(5000);
  });

  test("leaves an open connection and an attempt under way alone", async () => {
    const attempting = connect();
    const client = await opened();
    hideAndShow();
    await tick(HOUR);
    expect([attempting, client].map(({ server }) => server.connections.length)).toEqual([1, 1]);
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

  test("a live connection that then stays silent for 10 s is replaced", async () => {
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
  ])("one that shows a sign of life is kept: %s", async (_, speak) => {
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
  test("disconnects at once, and resumes after the last id without an error", async () => {
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

  test("while connecting: the attempt is aborted and does not count as a failure", async () => {
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
  ])("%s disconnects after that time and resumes on return", async (pauseWhenHidden, ms) => {
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

  test("offline on return: an attempt, then a pause for another reason", async () => {
    const client = await opened({ pauseWhenHidden: 1000 });
    client.server.behaviour = (connection) => connection.fail();
    page.current.setHidden(true);
    await tick(1000);
    page.current.fire("offline");
    page.current.setHidden(false);
    await tick(HOLD);
    expect(client.source.state).toMatchObject({ status: "paused", reason: "offline" });
    expect(client.log).toEqual([
      "state: paused hidden",
      "state: connecting 0",
      "state: paused offline",
    ]);
  });
});

describe("suspension: timers stood still, and connections may have died without an event", () => {
  /**
   * Over fetch, which sees every byte: an open source whose server sends a comment every so often.
   */
  async function commented(every: number, times: number): Promise<Client> {
    const client = connect();
    await tick();
    client.server.latest.open({ status: 200 }).send("x", { id: "7" });
    for (let time = 0; time < times; time++) {
      await tick(every);
      client.server.latest.sink.activity();
    }
    client.log.length = 0;
    return client;
  }
  /** Hides the page and stops its timers for a while. */
  function suspend(ms: number): void {
    page.current.setHidden(true);
    freeze(ms);
    page.current.setHidden(false);
  }

  test("over fetch: a dead connection is found and replaced in 10 s, if it was talkative", async () => {
    const client = await commented(2000, 20);
    suspend(20_000);
    await tick(9999);
    expect(client.server.live).toHaveLength(1);
    await tick(1);
    expect(client.server.live).toHaveLength(0);
    await tick(HOLD + 1500);
    expect(errors(client)).toEqual(["error: retry 1 in 1500, timeout"]);
    expect(asked(client)).toEqual(["", "7"]);
  });

  // Chromium shows a page before or after the timers that are due.
  test.each([5000, 7000])(
    "a page that is shown %d ms after its timers run again has been suspended as well",
    async (ms) => {
      const client = await commented(2000, 20);
      page.current.setHidden(true);
      freeze(20_000);
      await tick(ms);
      page.current.setHidden(false);
      await tick(9999);
      expect(client.server.live).toHaveLength(1);
      await tick(1);
      expect(client.server.live).toHaveLength(0);
    },
  );

  test.each([0, 1, 4])(
    "the same with an event %d s before its timers stopped: over fetch and over EventSource",
    async (seconds) => {
      const overFetch = await commented(2000, 20);
      const overEventSource = await opened();
      await tick(5000 - 1000 * seconds);
      for (const { server } of [overFetch, overEventSource]) server.latest.send("y");
      await tick(1000 * seconds);
      page.current.setHidden(true);
      freeze(20_000);
      await tick(5000);
      page.current.setHidden(false);
      await tick(10_000);
      for (const { server } of [overFetch, overEventSource])
        expect(server.connections[0]!.live).toBe(false);
    },
  );

  test("over fetch: a hidden page with a timer a minute learns of silences all the same", async () => {
    const client = await commented(0, 0);
    page.current.setHidden(true);
    // Throttled: a comment every 40 s, a timer every 60 s.
    for (let round = 0; round < 10; round++) {
      freeze(35_000);
      client.server.latest.sink.activity();
      freeze(20_000);
      await tick(5000);
    }
    page.current.setHidden(false);
    await tick(29_999);
    client.server.latest.sink.activity();
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
  });

  test("over fetch: a healthy one has 1.5 times its longest silence to show it", async () => {
    const client = await commented(30_000, 5);
    suspend(20_000);
    await tick(44_999);
    expect(client.server.live).toHaveLength(1);
    client.server.latest.sink.activity();
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
  });

  test("over fetch: so has a stream that never sends anything", async () => {
    const client = await commented(0, 0);
    await tick(HOUR);
    suspend(20_000);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
  });

  test("the suspension itself is not a silence to judge later ones by", async () => {
    const client = await commented(2000, 20);
    freeze(8 * HOUR);
    await tick(5000);
    client.server.latest.sink.activity();
    await tick(2000);
    client.server.latest.sink.activity();
    suspend(20_000);
    await tick(10_000);
    expect(client.server.live).toHaveLength(0);
  });

  test.each<[string, (client: Client) => unknown]>([
    ["an event", ({ server }) => server.latest.send("x")],
    ["a comment", ({ server }) => server.latest.sink.activity()],
  ])("over fetch: one that shows a sign of life is kept: %s", async (_, speak) => {
    const client = await commented(2000, 20);
    suspend(20_000);
    await tick(9999);
    speak(client);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
  });

  test("over EventSource, which hides comments, it is replaced within a second", async () => {
    const client = await opened();
    await tick(5000);
    suspend(20_000);
    await tick(499);
    expect(client.server.live).toHaveLength(1);
    await tick(1);
    expect(client.server.live).toHaveLength(0);
    await tick(HOLD + 1500);
    expect(asked(client)).toEqual(["", "7"]);
  });

  test("over EventSource: one that brought events since the last timer gets its time first", async () => {
    const client = await opened();
    page.current.setHidden(true);
    await tick(5000);
    client.server.latest.send("y");
    freeze(20_000);
    page.current.setHidden(false);
    await tick(9999);
    expect(client.server.live).toHaveLength(1);
    await tick(1);
    expect(client.server.live).toHaveLength(0);
  });

  test("several pages' worth of sources do not come back in one moment", async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => opened()));
    await tick(5000);
    seedRandom(7);
    suspend(20_000);
    let live = 20;
    const drops = new Set<number>();
    for (let ms = 0; ms < 1000; ms += 100) {
      await tick(100);
      const now = clients.filter(({ server }) => server.connections[0]!.live).length;
      if (now < live) drops.add(ms);
      live = now;
    }
    expect(live).toBe(0);
    expect(drops.size).toBeGreaterThan(4);
  });

  test.each([
    ["a short look away", 14_000],
    ["an alert() of 20 s", 20_000],
    ["a breakpoint of 55 s", 55_000],
  ])("%s in a visible page is none", async (_, ms) => {
    const client = await opened();
    freeze(ms);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
  });

  test("a minute and more without timers in a visible page is one", async () => {
    const client = await opened();
    await tick(5000);
    freeze(61_000);
    await tick(5000 + 500);
    expect(client.server.live).toHaveLength(0);
  });

  test("a hidden page with a timer a minute is not suspended, and one without for two minutes is", async () => {
    const client = await commented(2000, 2);
    page.current.setHidden(true);
    for (let minute = 0; minute < 60; minute++) {
      freeze(55_000);
      await tick(5000);
      client.server.latest.sink.activity();
    }
    page.current.setHidden(false);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
    page.current.setHidden(true);
    await tick(5000);
    freeze(125_000);
    await tick(5000 + 10 * HOUR);
    expect(client.server.connections.length).toBeGreaterThan(1);
  });

  test("a page that is shown after 15 s or less is not suspended", async () => {
    const client = await opened();
    await tick(4000);
    for (let round = 0; round < 10; round++) {
      suspend(11_000);
      await tick(5000);
    }
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
  });

  test("bytes of the last 15 s clear it", async () => {
    const client = await commented(2000, 20);
    page.current.setHidden(true);
    // Messages of the network are not throttled as timers are.
    freeze(40_000);
    client.server.latest.sink.activity();
    freeze(10_000);
    page.current.setHidden(false);
    await tick(HOUR);
    expect(client.server.connections).toHaveLength(1);
  });

  test.each([HOUR, -HOUR])("a wall clock that is set by %d ms says nothing", async (ms) => {
    const client = await opened();
    vi.setSystemTime(Date.now() + ms);
    page.current.setHidden(true);
    await tick(5000);
    page.current.setHidden(false);
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

  test("online: a quiet stream with a comment every 15 s is kept", async () => {
    const client = await commented(15_000, 4);
    page.current.fire("online");
    await tick(14_999);
    client.server.latest.sink.activity();
    await tick(HOUR);
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
    client.server.behaviour = (connection) => connection.fail();
    page.current.fire("offline");
    client.source.reconnect();
    await tick(HOLD);
    expect(client.source.state).toMatchObject({ status: "paused", reason: "offline" });
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
