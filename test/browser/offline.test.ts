import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { engine, needs, type PageBrowser } from "../support/browsers/engines/engine.ts";
import { Namespace } from "../support/browsers/namespace.ts";
import { browserPath } from "../support/browsers/browsers.ts";
import { OpenPage, type PageSource } from "../support/pages/page-open.ts";
import { installWatch } from "../support/pages/page-watch.ts";
import { numbers } from "../support/pages/tab-browser.ts";
import { TabLog } from "../support/pages/tab-log.ts";

// navigator.onLine says false on machines whose server can be reached. test/browser/page.test.ts has
// the other case: the device is offline, and so is the server.

let log: TabLog;
let page: OpenPage | undefined;
beforeEach(async () => {
  log = await TabLog.start(["/log"], { cors: true });
});
afterEach(async () => {
  await page?.close();
  page = undefined;
  log.close();
});

/** Slow attempts that a test need not wait for: one in 500 to 1000 ms. */
const slow = { startingDelay: 100, maxDelay: 1000 } as const;
/** No attempt within the patience of a test unless something cuts the wait. */
const rare = { startingDelay: 600_000, maxDelay: 600_000, jitter: "none" } as const;

async function openPage(browser: PageBrowser, origin: string): Promise<OpenPage> {
  const opened = await browser.open(`${origin}/tab`);
  page = new OpenPage(opened);
  await opened.waitFor(() => "library" in globalThis);
  await opened.evaluate(installWatch);
  return page;
}

/** The source got every event once, and no error but that of the cut. */
async function expectEverything(source: PageSource, errors: number): Promise<void> {
  log.publish();
  const notes = await source.heard(String(log.last));
  expect(notes.events.map(({ data }) => Number(data))).toEqual(numbers(1, log.last));
  expect(notes.errors).toHaveLength(errors);
}

/** A page, offline, whose server is another host, which can be reached. */
async function expectSlowAttempts(page: OpenPage): Promise<void> {
  const source = await page.connect("/log", { backoff: slow });
  // The first attempt is made at once, and succeeds.
  await source.until(({ status }) => status === "open");
  log.publish(3);
  await source.heard("3");

  // One error for the cut, then quiet: the slow attempts neither count nor show.
  log.server.stopListening();
  log.cut();
  const { errors, states } = await source.until(({ states }) => states.length > 8);
  expect(errors).toHaveLength(1);
  const shown = states.map(({ status }) => status === "paused");
  const quiet = states.slice(shown.lastIndexOf(false) + 1);
  expect(quiet.length).toBeGreaterThan(1);
  for (const state of quiet)
    expect(state).toEqual({
      status: "paused",
      reason: "offline",
      retryAt: expect.any(Number) as number,
    });

  // The device is offline still when such an attempt finds the server.
  log.publish(3);
  await log.server.listen();
  await source.until(({ status }) => status === "open");
  await expectEverything(source, 1);
}

/** A page that waits for a quiet attempt, which comes in ten minutes. */
async function pause(page: OpenPage): Promise<PageSource> {
  log.server.stopListening();
  const source = await page.connect("/log", { backoff: rare, lastEventId: "2" });
  const { states, errors } = await source.until(({ status }) => status === "paused");
  expect(states.at(-1)).toMatchObject({ reason: "offline" });
  expect(errors).toEqual([]);
  log.publish(5);
  await log.server.listen();
  return source;
}

/** After `pause`: the id that the source came with counts. */
async function expectResumed(source: PageSource): Promise<void> {
  const { events } = await source.heard("5");
  expect(events.map(({ data }) => data)).toEqual(["3", "4", "5"]);
}

describe("a machine that has only loopback: a network namespace", () => {
  let namespace: Namespace | undefined;
  let browser: PageBrowser | undefined;
  beforeAll(async () => {
    if (engine.lacks.ownNetwork) return;
    namespace = await Namespace.open();
    browser = await engine.launch(namespace.wrap(browserPath("chromium")));
  });
  afterAll(async () => {
    await browser?.close();
    await namespace?.close();
  });

  async function open(host: "loopback" | "lan"): Promise<OpenPage> {
    namespace!.target = log.server.origin;
    const opened = await openPage(browser!, namespace![host]);
    // A browser that has just started may learn it after its first page.
    await opened.page.waitFor(() => !navigator.onLine);
    return opened;
  }

  test("a server on this machine is a server as ever", async () => {
    needs("ownNetwork");
    const source = await (await open("loopback")).connect("/log", { backoff: slow });
    await source.until(({ status }) => status === "open");
    log.publish(3);
    await source.heard("3");
    log.cut();
    log.publish(3);
    await source.heard("6");
    await expectEverything(source, 1);
    const { states } = await source.notes();
    expect(states.map(({ status }) => status)).not.toContain("paused");
  });

  test("a server elsewhere that can be reached is found by slow attempts", async () => {
    needs("ownNetwork");
    await expectSlowAttempts(await open("lan"));
  });

  test("reconnect() does not wait for them", async () => {
    needs("ownNetwork");
    const source = await pause(await open("lan"));
    await source.reconnect();
    await expectResumed(source);
  });

  test("an interface that comes up brings the source back", async () => {
    needs("ownNetwork");
    const opened = await open("lan");
    const source = await pause(opened);
    await namespace!.setOnline(true);
    try {
      await expectResumed(source);
      expect(await opened.page.evaluate(() => navigator.onLine)).toBe(true);
    } finally {
      await namespace!.setOnline(false);
    }
  });
});

describe("a simulated navigator.onLine", () => {
  /** An address of this machine that no browser, nor this library, knows as loopback. */
  const elsewhere = (): string => `http://[::ffff:7f00:1]:${new URL(log.server.origin).port}`;

  function simulateOffline(): void {
    Object.defineProperty(Navigator.prototype, "onLine", { get: () => false, configurable: true });
  }

  /** As the browser says it when the device is online again. */
  function simulateOnline(): void {
    Object.defineProperty(Navigator.prototype, "onLine", { get: () => true, configurable: true });
    dispatchEvent(new Event("online"));
  }

  describe("one page", () => {
    let browser: PageBrowser;
    beforeAll(async () => {
      browser = await engine.launch();
    });
    afterAll(() => browser.close());

    async function open(): Promise<OpenPage> {
      const opened = await openPage(browser, elsewhere());
      await opened.page.evaluate(simulateOffline);
      return opened;
    }

    test(
      "a server elsewhere that can be reached is found by slow attempts",
      { tags: "slow" },
      async () => {
        await expectSlowAttempts(await open());
      },
    );

    test("reconnect() does not wait for them", async () => {
      const source = await pause(await open());
      await source.reconnect();
      await expectResumed(source);
    });

    test("online brings the source back", async () => {
      const opened = await open();
      const source = await pause(opened);
      await opened.page.evaluate(simulateOnline);
      await expectResumed(source);
    });
  });

  test(
    "two tabs that share: the leader attempts slowly, and both are back at once",
    { tags: "slow" },
    async () => {
      const browser = await engine.launchTabs();
      const tabs: OpenPage[] = [];
      try {
        for (let index = 0; index < 2; index++) {
          const tab = await openPage(browser, log.server.origin);
          await tab.page.evaluate(simulateOffline);
          tabs.push(tab);
        }
        const sources: PageSource[] = [];
        for (const tab of tabs) {
          const source = await tab.make(
            ({ url, backoff }) =>
              connect(url, { backoff }, { transport: library.sharedTransport() }),
            { url: `${elsewhere()}/log`, backoff: slow },
          );
          await source.until(({ status }) => status === "open");
          sources.push(source);
        }
        log.publish(3);
        for (const source of sources) await source.heard("3");
        expect(log.connections).toBe(1);

        log.server.stopListening();
        log.cut();
        for (const source of sources) {
          await source.until(({ status }) => status === "paused");
          await source.until(({ states }) => states.length > 8);
        }
        log.publish(3);
        await log.server.listen();
        for (const source of sources) {
          await source.until(({ status }) => status === "open");
          await expectEverything(source, 1);
        }
        expect(log.connections).toBe(1);
      } finally {
        for (const tab of tabs) await tab.close();
        await browser.close();
        page = undefined;
      }
    },
  );
});
