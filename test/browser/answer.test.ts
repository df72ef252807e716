import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { engine, needs, type TabBrowser } from "../support/browsers/engines/engine.ts";
import { ending, refusal, Route, stream } from "../support/pages/page-route.ts";
import { Tab, until } from "../support/pages/tab-browser.ts";
import { TabLog } from "../support/pages/tab-log.ts";
import type { Scenario } from "../support/server/fault-server.ts";

// One answer by POST, in a page. The requests are counted at the server.

let browser: TabBrowser;
let log: TabLog;
const tabs: Tab[] = [];
beforeAll(async () => {
  browser = await engine.launchTabs();
  log = await TabLog.start();
});
afterAll(async () => {
  await browser.close();
  log.close();
});
afterEach(async () => {
  for (const { page } of tabs.splice(0)) await page.close();
});

async function load(): Promise<Tab> {
  const tab = await Tab.open(browser, log);
  tabs.push(tab);
  return tab;
}

const route = (...answers: Scenario[]): Route => new Route(log.server, answers);
const methods = ({ arrivals }: Route): string[] => arrivals.map(({ request }) => request.method);

/** An answer with chunks, so that a cut is not taken for its end. */
const piece =
  (text: string): Scenario =>
  (_, connection) =>
    connection.head({ chunked: true }).write(text);
/**
 * Cuts the first answer as soon as the page's first source has an event of it: Chromium discards
 * what it has not read when a RST comes.
 */
async function cutAfterEvent({ page }: Tab, { arrivals }: Route): Promise<void> {
  await until(() => page.evaluate(() => watched[0]?.notes().events.length), "an event");
  arrivals[0]!.connection.reset();
}

/** Waits until another source of the page has retried: there was time for another request. */
async function severalRetries({ page }: Tab): Promise<void> {
  const refused = route(refusal(503));
  await page.evaluate((url) => {
    connect(url, { transport: "fetchTransport", backoff: { startingDelay: 0 } });
  }, refused.url);
  await until(() => refused.count >= 3, "several retries");
  await page.evaluate(() => watched.at(-1)!.source.close());
}

/** The result of a loop over an answer. */
interface Outcome {
  read: string[];
  /** How it ended: by the end of the loop, or by an error. */
  end: unknown;
  state: string;
  errors: unknown[];
}

/** Reads one answer by `for await`. */
async function ask(tab: Tab, url: string, init: RequestInit = { method: "POST", body: "{}" }) {
  const outcome: Outcome = await tab.page.evaluate(
    async ({ url, init }) => {
      const { fetchTransport, iterate } = library;
      const { source } = connect(
        url,
        { backoff: { startingDelay: 0 } },
        { transport: fetchTransport(init) },
      );
      const errors: unknown[] = [];
      source.addEventListener("error", ({ readyState, error }) => {
        const { reason, status, expected } = error;
        errors.push({ readyState, reason, status, expected });
      });
      const read: string[] = [];
      let end: unknown = "end";
      try {
        for await (const data of iterate(source, "message")) read.push(data);
      } catch (error) {
        const { reason, status } = error as { reason: string; status?: number };
        end = { reason, status };
      }
      return { read, end, state: source.state.status, errors };
    },
    { url, init },
  );
  await severalRetries(tab);
  return outcome;
}

describe("one answer by POST", () => {
  test("is over when the server ends it: one request, and the loop ends", async () => {
    const to = route(ending("data: a\n\ndata: b\n\n"));
    expect(await ask(await load(), to.url)).toEqual({
      read: ["a", "b"],
      end: "end",
      state: "closed",
      errors: [{ readyState: 2, reason: "ended", status: undefined, expected: true }],
    });
    expect(methods(to)).toEqual(["POST"]);
  });

  test.each(["", "id: 1\n"])("is not asked for again when it is cut (%j)", async (id) => {
    const to = route(piece(`${id}data: a\n\n`));
    const tab = await load();
    const [outcome] = await Promise.all([ask(tab, to.url), cutAfterEvent(tab, to)]);
    expect(outcome).toMatchObject({
      read: ["a"],
      end: { reason: "network" },
      state: "closed",
      errors: [{ readyState: 2, reason: "network" }],
    });
    expect(methods(to)).toEqual(["POST"]);
  });

  test.each([500, 502, 504])("is not asked for again when refused with %d", async (status) => {
    const to = route(refusal(status));
    expect(await ask(await load(), to.url)).toMatchObject({
      read: [],
      end: { reason: "status", status },
      state: "closed",
    });
    expect(methods(to)).toEqual(["POST"]);
  });

  test.each([429, 503])("is asked for again when refused with %d", async (status) => {
    const to = route(refusal(status, { "Retry-After": "1" }), ending("data: a\n\n"));
    expect(await ask(await load(), to.url)).toMatchObject({
      read: ["a"],
      end: "end",
      errors: [
        { readyState: 0, reason: "status", status },
        { readyState: 2, expected: true },
      ],
    });
    expect(methods(to)).toEqual(["POST", "POST"]);
    expect(to.gaps[0]).toBeGreaterThanOrEqual(1000);
  });

  test("`data: [DONE]` with json() is reported, and the loop goes on to the end", async () => {
    const to = route(ending('data: {"text":"a"}\n\ndata: [DONE]\n\ndata: {"text":"b"}\n\n'));
    const tab = await load();
    const read = await tab.page.evaluate(async (url) => {
      const { fetchTransport, iterate, json, ResilientEventSource } = library;
      const source = new ResilientEventSource(url, {
        transport: fetchTransport({ method: "POST" }),
        events: { message: json<{ text: string }>() },
      });
      const read: string[] = [];
      for await (const { text } of iterate(source, "message")) read.push(text);
      return read;
    }, to.url);
    expect(read).toEqual(["a", "b"]);
    // The rest is the engine's own message for JSON that cannot be parsed.
    const reported = [expect.stringContaining('invalid "message" event')];
    expect(await tab.page.evaluate(() => uncaught)).toEqual(reported);
    expect(methods(to)).toEqual(["POST"]);
  });

  test("an abort ends the loop like the end; throwIfAborted() tells them apart", async () => {
    const to = route(piece("data: a\n\n"));
    const tab = await load();
    const outcome = await tab.page.evaluate(async (url) => {
      const { fetchTransport, iterate } = library;
      const controller = new AbortController();
      const { signal } = controller;
      const transport = fetchTransport({ method: "POST" });
      const { source } = connect(url, {}, { transport, signal });
      for await (const data of iterate(source, "message")) controller.abort(data);
      try {
        signal.throwIfAborted();
      } catch (reason) {
        return { reason, state: source.state };
      }
    }, to.url);
    expect(outcome).toEqual({ reason: "a", state: { status: "closed" } });
    await severalRetries(tab);
    expect(methods(to)).toEqual(["POST"]);
  });
});

test("a GET that is answered 204 ends the loop without an error", async () => {
  const to = route(refusal(204, { "Content-Type": undefined }));
  expect(await ask(await load(), to.url, {})).toEqual({
    read: [],
    end: "end",
    state: "closed",
    errors: [{ readyState: 2, reason: "status", status: 204, expected: true }],
  });
  expect(methods(to)).toEqual(["GET"]);
});

// `npm test` has the same in Node: loop.unrepeatable-page.test.ts.
describe("interrupted in the middle", { tags: "slow" }, () => {
  interface Half {
    readonly tab: Tab;
    readonly to: Route;
  }

  /**
   * A tab that has received half of an answer. Its second source only reads.
   *
   * @param continues With a function as `init`, which asks for the rest by GET.
   */
  async function openHalf(continues: boolean): Promise<Half> {
    const to = route(piece("id: 1\ndata: 1\n\n"), piece("id: 2\ndata: 2\n\n"));
    const other = route(piece(":\n\n"));
    const tab = await load();
    await tab.page.evaluate(
      ({ to, other, continues }) => {
        const { fetchTransport } = library;
        const options = { pauseWhenHidden: 500, backoff: { startingDelay: 0 } };
        const post = { method: "POST", body: "{}" };
        const transport = fetchTransport(
          continues ? ({ lastEventId }) => (lastEventId ? {} : post) : post,
        );
        connect(to, options, { transport });
        connect(other, { ...options, transport: "fetchTransport" });
      },
      { to: to.url, other: other.url, continues },
    );
    await tab.reads(1);
    await until(async () => (await tab.heard(1)).state.status === "open", "the other source");
    return { tab, to };
  }

  const otherIsPaused = (tab: Tab): Promise<void> =>
    until(async () => (await tab.heard(1)).state.status === "paused", "the other source");

  interface Interruption {
    begin(tab: Tab): Promise<void>;
    end(tab: Tab): Promise<void>;
  }
  const interruptions: Record<string, Interruption> = {
    "a frozen page": {
      async begin(tab) {
        needs("setFrozen");
        await tab.setFrozen(true);
        await otherIsPaused(tab);
      },
      end: (tab) => tab.setFrozen(false),
    },
    "a hidden page with pauseWhenHidden": {
      async begin(tab) {
        const front = await load();
        await front.bringToFront();
        await otherIsPaused(tab);
      },
      end: (tab) => tab.bringToFront(),
    },
    "a drain": {
      async begin(tab) {
        await tab.page.evaluate(() => watched[0]!.source.reconnect({ within: 0 }));
        await severalRetries(tab);
      },
      end: () => Promise.resolve(),
    },
  };

  describe.each(Object.entries(interruptions))("%s", (_, { begin, end }) => {
    test("keeps a POST, which is not sent again", async () => {
      const { tab, to } = await openHalf(false);
      await begin(tab);
      expect((await tab.state()).status).toBe("open");
      await end(tab);
      // Not before: Chromium may never deliver bytes that came while the page was frozen.
      const { connection } = to.arrivals[0]!;
      connection.write("id: 2\ndata: 2\n\n");
      await tab.reads(2);
      await severalRetries(tab);
      connection.end();
      await tab.reaches("closed");
      expect(await tab.heard()).toMatchObject({ got: [1, 2], errors: ["ended"] });
      expect(methods(to)).toEqual(["POST"]);
    });

    test("closes a POST that is lost meanwhile, with network", async () => {
      const { tab, to } = await openHalf(false);
      await begin(tab);
      to.arrivals[0]!.connection.reset();
      await end(tab);
      await tab.reaches("closed");
      await severalRetries(tab);
      expect(await tab.heard()).toMatchObject({ got: [1], errors: ["network"] });
      expect(methods(to)).toEqual(["POST"]);
    });

    test("goes on as init says where that is a function: a GET after the last id", async () => {
      const { tab, to } = await openHalf(true);
      await begin(tab);
      await end(tab);
      await tab.reads(2);
      expect(await tab.heard()).toMatchObject({ got: [1, 2], errors: [] });
      expect(methods(to)).toEqual(["POST", "GET"]);
      expect(to.resumedAfter).toEqual(["", "1"]);
    });
  });
});

test("a POST that init resumes by GET survives a cut: every word once", async () => {
  const to = route(piece("id: 1\ndata: 1\n\nid: 2\nda"), stream("id: 2\ndata: 2\n\n"));
  const tab = await load();
  await tab.page.evaluate((url) => {
    const post = { method: "POST", body: "{}" };
    const transport = library.fetchTransport(({ lastEventId }) => (lastEventId ? {} : post));
    connect(url, { backoff: { startingDelay: 0 } }, { transport });
  }, to.url);
  await cutAfterEvent(tab, to);
  await tab.reads(2);
  expect(await tab.heard()).toMatchObject({ got: [1, 2], errors: ["network"] });
  expect(methods(to)).toEqual(["POST", "GET"]);
  expect(to.resumedAfter).toEqual(["", "1"]);
});
