// @module-tag slow
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { asReceived } from "../contract/engine-traits.ts";
import { dist } from "../support/package/dist.ts";
import { engine, needs, type PageBrowser } from "../support/browsers/engines/engine.ts";
import { FaultServer } from "../support/server/fault-server.ts";
import { installInto } from "../support/package/pack.ts";
import { openPage, serveScripts, type OpenPage } from "../support/pages/page-open.ts";
import { refusal, Route, silence, stream } from "../support/pages/page-route.ts";
import type { ConnectOptions } from "../support/pages/page-watch.ts";

// A browser with neither EventSource nor streaming fetch, in the three ways in which a page can
// load the library.

const QUICK: ConnectOptions = { backoff: { startingDelay: 0 } };

/**
 * Runs before any of our code. Any enumerable global that a page defines afterwards is `library`.
 */
const lookAtGlobals = "<script>globalThis.before = Object.getOwnPropertyNames(globalThis)</script>";

const vite = {
  folder: mkdtempSync(join(tmpdir(), "resilient-eventsource-vite-")),
  html: "",

  /** A production build of a page with the package as a dependency. */
  async build(): Promise<void> {
    installInto(this.folder);
    writeFileSync(join(this.folder, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(
      join(this.folder, "index.html"),
      `<!doctype html>${lookAtGlobals}<script type="module" src="/main.js"></script>`,
    );
    writeFileSync(
      join(this.folder, "main.js"),
      `import { ResilientEventSource } from "resilient-eventsource"; globalThis.library = { ResilientEventSource };`,
    );
    await build({ root: this.folder, configFile: false, logLevel: "warn" });
    this.html = readFileSync(join(this.folder, "dist/index.html"), "utf8");
  },
};

const variants = {
  "as a module": () =>
    `<!doctype html>${lookAtGlobals}<script type="module">import * as library from "/dist/index.js"; globalThis.library = library;</script>`,
  "in a Vite build": () => vite.html,
  "by script tag": () =>
    `<!doctype html>${lookAtGlobals}<script src="/dist/resilient-eventsource.min.js"></script><script>globalThis.library = ResilientEventSource</script>`,
};

/** Features that a page can be deprived of before it loads. */
const removals = {
  nothing: () => undefined,
  EventSource: () => {
    Reflect.deleteProperty(globalThis, "EventSource");
  },
  fetch: () => {
    Reflect.deleteProperty(globalThis, "fetch");
    Reflect.deleteProperty(globalThis, "ReadableStream");
  },
  both: () => {
    for (const name of ["EventSource", "fetch", "ReadableStream"])
      Reflect.deleteProperty(globalThis, name);
  },
};

let browser: PageBrowser;
beforeAll(async () => {
  await vite.build();
  browser = await engine.launch();
});
afterAll(async () => {
  await browser.close();
  rmSync(vite.folder, { recursive: true });
});

describe.each(Object.entries(variants))("%s", (variant, html) => {
  const isOneFile = variant === "by script tag";
  let server: FaultServer;
  let page: OpenPage;

  beforeAll(async () => {
    server = await FaultServer.start();
    const assets = join(vite.folder, "dist/assets");
    serveScripts(server, "/assets/", assets);
  });
  afterAll(() => server.close());
  afterEach(async () => {
    expect(await page.closeSources(), "errors that nobody caught").toEqual([]);
    await expect.poll(() => server.live("/stream/")).toBe(0);
    await page.close();
  });

  const open = async (removal: keyof typeof removals): Promise<void> => {
    server.requests.length = 0;
    page = await openPage(browser, server, { html: html(), before: removals[removal] });
  };
  const polyfillRequests = (): number =>
    server.requests.filter(({ path }) => path.includes("polyfill")).length;

  test("events, ids, and resuming after a cut", async () => {
    await open("both");
    const to = new Route(server, [
      stream(
        "data: a\n\nevent: tick\ndata: é日本\n\nid: 1\nevent: data\ndata: harmless\n\nid: 2,é\ndata: b\ndata\n\nid: 3\ndata: ha",
      ),
      refusal(503),
      stream(
        "id: 3\ndata: half\n\nevent: data\ndata: {}\n\nevent: ondata\ndata: c\n\nevent: close\ndata: d\n\ndata: end\n\n",
      ),
    ]);
    const source = await page.connect(to.url, {
      ...QUICK,
      names: ["message", "tick", "data", "ondata", "close"],
    });
    await source.heard("b\n");
    to.arrivals[0]!.connection.cut();
    const { events, errors, opens } = await source.heard("end");
    expect(events.map(({ type, data, lastEventId }) => [type, data, lastEventId])).toEqual([
      ["message", "a", ""],
      ["tick", "é日本", ""],
      ["data", "harmless", "1"],
      ["message", "b\n", "2,é"],
      ["message", "half", "3"],
      ["data", "{}", "3"],
      ["ondata", "c", "3"],
      ["close", "d", "3"],
      ["message", "end", "3"],
    ]);
    expect(errors.map(({ error }) => [error.reason, error.status])).toEqual([
      ["ended", undefined],
      ["status", 503],
    ]);
    expect(opens).toEqual([200, 200]);
    expect(to.resumedAfter).toEqual(["", asReceived("2,é"), asReceived("2,é")]);
    // By the header.
    expect(to.arrivals.map(({ request }) => request.query)).toEqual(["", "", ""]);
    expect(to.arrivals.map(({ request }) => request.headers.get("accept"))).toEqual(
      to.arrivals.map(() => "text/event-stream"),
    );
    expect(polyfillRequests()).toBe(isOneFile ? 0 : 1);
  });

  test("two streams, one of which gets a 500: the other goes on undisturbed", async () => {
    await open("both");
    const failing = new Route(server, [refusal(500)]);
    const healthy = new Route(server, [stream("data: a\n\n")]);
    const source = await page.connect(healthy.url, QUICK);
    const other = await page.connect(failing.url, QUICK);
    await source.heard("a");
    // There may be more: the retries go on while the test looks.
    const failed = (await other.failed(4)).errors.slice(0, 4);
    expect(failed.map(({ error }) => error.status)).toEqual([500, 500, 500, 500]);
    healthy.arrivals[0]!.connection.write("data: still here\n\n");
    const { errors, events } = await source.heard("still here");
    expect(errors).toEqual([]);
    expect(events).toHaveLength(2);
    expect(healthy.count).toBe(1);
    failing.answer(stream("data: repaired\n\n"));
    await other.heard("repaired");
  });

  test("error.body: of a refusal, and of one that never ends, whose socket is released", async () => {
    await open("both");
    const text = '{"error":{"message":"prompt is too long: é"}}';
    const json = { "Content-Type": "application/json" };
    const bodyAt = async (to: Route): Promise<string | undefined> => {
      const { errors } = await (await page.connect(to.url, QUICK)).closed();
      return errors.at(-1)!.error.body;
    };
    const ended = new Route(server, [refusal(400, json, text)]);
    expect(await bodyAt(ended)).toBe(text);
    const cut = new Route(server, [
      (_, connection) =>
        connection
          .head({ status: 403, headers: { ...json, "Content-Length": "1000" } })
          .write(text)
          .cut(),
    ]);
    // Safari drops what came before the cut.
    expect([text, ""]).toContain(await bodyAt(cut));
    const endless = new Route(server, [
      (_, connection) => connection.head({ status: 400, headers: json }).write(text),
    ]);
    expect(await bodyAt(endless)).toBe(text);
    for (const { connection } of endless.arrivals) await connection.closed;
    const notText = new Route(server, [
      refusal(404, { "Content-Type": "application/octet-stream" }, text),
    ]);
    expect(await bodyAt(notText)).toBeUndefined();
  });

  test("close() ends the request at any time", async () => {
    await open("both");
    const live = new Route(server, [stream("data: a\n\n")]);
    const unanswered = new Route(server, [silence]);
    const early = new Route(server, [stream("data: never\n\n")]);
    const closedEarly = await page.make((url) => {
      const watched = connect(url);
      watched.source.close();
      return watched;
    }, early.url);
    const source = await page.connect(live.url, QUICK);
    const waiting = await page.connect(unanswered.url, QUICK);
    await source.heard("a");
    await expect.poll(() => unanswered.count).toBe(1);
    await source.close();
    await waiting.close();
    await live.arrivals[0]!.connection.closed;
    await unanswered.arrivals[0]!.connection.closed;
    expect((await source.notes()).errors).toEqual([]);
    expect((await waiting.notes()).errors).toEqual([]);
    expect(await closedEarly.notes()).toMatchObject({ status: "closed", events: [], errors: [] });
    expect(early.count).toBe(0);
  });

  test("the page's globals stay unchanged", async () => {
    await open("both");
    const to = new Route(server, [stream("data: a\n\n")]);
    await (await page.connect(to.url, QUICK)).heard("a");
    const { added, removed } = await page.page.evaluate(() => {
      const { before } = globalThis as unknown as { before: string[] };
      const after = Object.getOwnPropertyNames(globalThis);
      return {
        added: after.filter((name) => !before.includes(name)),
        removed: before.filter((name) => !after.includes(name)),
      };
    });
    expect(added.sort()).toEqual(
      isOneFile ? ["ResilientEventSource", "before", "library"] : ["before", "library"],
    );
    expect(removed).toEqual([]);
  });

  test.each(["nothing", "EventSource", "fetch"] as const)(
    "the polyfill is not downloaded where only this is missing: %s",
    async (removal) => {
      await open(removal);
      const to = new Route(server, [
        refusal(503),
        stream("id: 1\ndata: a\n\n"),
        refusal(503),
        stream("id: 2\ndata: b\n\n"),
      ]);
      const source = await page.connect(to.url, QUICK);
      await source.heard("a");
      to.arrivals[1]!.connection.cut();
      const { events } = await source.heard("b");
      expect(events.map(({ data }) => data)).toEqual(["a", "b"]);
      // Only EventSource has to put the id into the URL.
      expect(to.resumedAfter).toEqual(["", "", "1", "1"]);
      expect(to.arrivals[3]!.request.query).toBe(removal === "fetch" ? "lastEventId=1" : "");
      expect(polyfillRequests()).toBe(0);
    },
  );
});

test("the Vite build has the polyfill in a file of its own", () => {
  const files = readdirSync(join(vite.folder, "dist/assets")).filter((file) =>
    file.endsWith(".js"),
  );
  // An option of the polyfill, which no minifier may rename.
  const withPolyfill = files.filter((file) =>
    readFileSync(join(vite.folder, "dist/assets", file), "utf8").includes("bufferSizeLimit"),
  );
  expect(files).toHaveLength(2);
  expect(withPolyfill).toEqual([expect.stringContaining("polyfill")]);
});

describe("while the polyfill's file loads", () => {
  let server: FaultServer;
  let page: OpenPage;
  beforeEach(async () => {
    server = await FaultServer.start();
    page = await openPage(browser, server, { before: removals.both });
  });
  afterEach(async () => {
    expect(await page.closeSources(), "errors that nobody caught").toEqual([]);
    await page.close();
    server.close();
  });

  test("close() is final", async () => {
    const to = new Route(server, [stream("data: a\n\n")]);
    const asked = server.accept("/dist/polyfill.js");
    const source = await page.connect(to.url, QUICK);
    const { connection } = await asked;
    await source.close();
    connection
      .head({ headers: { "Content-Type": "text/javascript" } })
      .write(readFileSync(dist("polyfill.js")))
      .end();
    // Until this source gets an event, the closed one would have sent a request.
    await (await page.connect(new Route(server, [stream("data: b\n\n")]).url, QUICK)).heard("b");
    expect(to.count).toBe(0);
    expect(await source.notes()).toMatchObject({ status: "closed", errors: [] });
  });

  test("a failed download is an outage: it is tried again", async () => {
    needs("importsAgain");
    const to = new Route(server, [stream("data: a\n\n")]);
    server.serve("/dist/polyfill.js", (_, connection) => connection.reset());
    const source = await page.connect(to.url, QUICK);
    const { errors } = await source.failed(2);
    expect(errors.map(({ error }) => error.reason)).toEqual(errors.map(() => "network"));
    server.servePage("/dist/polyfill.js", readFileSync(dist("polyfill.js"), "utf8"), {
      "Content-Type": "text/javascript",
    });
    await source.heard("a");
  });
});
