import { describe, expect, test, vi } from "vitest";
import { ResilientEventSource } from "../../src/index.ts";
import { connect, takeReports, tick, useWorld } from "../support/unit/world.ts";

useWorld();

const URL_ = "https://example.com/stream";

describe("what a URL may be", () => {
  test.each([
    ["a string", URL_, URL_],
    ["a URL object", new URL(URL_), URL_],
    ["anything with a string form", { toString: () => URL_ } as unknown as string, URL_],
    ["not yet normal", "HTTPS://EXAMPLE.com:443/a b/../stream", URL_],
    [
      "one with credentials and a fragment",
      "https://me:pw@example.com/?a=1#b",
      "https://me:pw@example.com/?a=1#b",
    ],
  ])("%s", (_, url, href) => {
    expect(connect({}, url).source.url).toBe(href);
  });

  test("no URL at all is a TypeError, and `length` says that one is wanted, as for EventSource", () => {
    expect(() => new (ResilientEventSource as unknown as new () => ResilientEventSource)()).toThrow(
      TypeError,
    );
    expect(ResilientEventSource.length).toBe(1);
  });

  test("a later change of the URL object is none of ours", async () => {
    const url = new URL(URL_);
    const { source, server } = connect({}, url);
    url.pathname = "/other";
    await tick();
    expect([source.url, server.latest.request.url]).toEqual([URL_, URL_]);
  });

  test.each([
    "",
    "/stream",
    "stream?x",
    "//[",
    "https://",
    "http://a b/",
    "https://example.com:99999/",
  ])("%j, where there is no document, is a SyntaxError", (url) => {
    const error = (() => {
      try {
        return void connect({}, url);
      } catch (thrown) {
        return thrown as DOMException;
      }
    })();
    expect(error).toBeInstanceOf(DOMException);
    expect(error?.name).toBe("SyntaxError");
    expect(error?.message).toContain(JSON.stringify(url));
  });

  test("a relative one is resolved against the document's base URL, in a worker against its own address", () => {
    vi.stubGlobal("location", { href: "https://worker.example/dir/worker.js" });
    expect(connect({}, "stream").source.url).toBe("https://worker.example/dir/stream");
    vi.stubGlobal("document", { baseURI: "https://page.example/base/" });
    expect(connect({}, "stream").source.url).toBe("https://page.example/base/stream");
    expect(connect({}, "/stream").source.url).toBe("https://page.example/stream");
  });

  test("a bad URL leaves nothing behind", () => {
    const controller = new AbortController();
    const add = vi.spyOn(controller.signal, "addEventListener");
    expect(() => connect({ signal: controller.signal }, "//[")).toThrow(DOMException);
    expect(add).not.toHaveBeenCalled();
  });
});

describe("a function", () => {
  test.each([
    ["sync", (url: string | URL) => url],
    ["async", async (url: string | URL) => url],
  ])("%s is asked on every attempt", async (_, give) => {
    let token = 0;
    const { source, server } = connect({}, () =>
      give(token++ ? new URL(`${URL_}?token=${token}`) : `${URL_}?token=1`),
    );
    expect(source.url).toBe("");
    await tick();
    expect(source.url).toBe(`${URL_}?token=1`);
    server.latest.fail();
    await tick(1500);
    expect(source.url).toBe(`${URL_}?token=2`);
    source.reconnect();
    await tick();
    expect(server.connections.map(({ request }) => request.url)).toEqual(
      [1, 2, 3].map((n) => `${URL_}?token=${n}`),
    );
  });

  test("is not asked before the code that made the source has run, nor after close()", async () => {
    const url = vi.fn(() => URL_);
    connect({}, url).source.close();
    await tick(60_000);
    expect(url).not.toHaveBeenCalled();
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no token");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no token"))],
  ])("that %s is a failed attempt like any other, with the cause", async (_, url) => {
    const { source, server, log } = connect({}, url);
    await tick();
    expect(log).toEqual(["state: waiting 1, 1500, network", "error: retry 1 in 1500, network"]);
    expect(source.state).toMatchObject({
      error: { cause: new Error("no token"), message: expect.stringContaining("no token") },
    });
    await tick(1500);
    expect(source.state).toMatchObject({ status: "waiting", attempt: 2 });
    expect(server.connections).toEqual([]);
    expect(takeReports()).toEqual([]);
  });

  test("may throw anything", async () => {
    const thrown = Object.create(null) as Error;
    const { source } = connect({}, () => {
      throw thrown;
    });
    await tick();
    expect(source.state).toMatchObject({ status: "waiting", error: { reason: "network" } });
    expect((source.state as any).error.cause).toBe(thrown);
  });

  test("that answers no URL is a failed attempt, too", async () => {
    let url = "/relative";
    const { source, server } = connect({}, () => url);
    await tick();
    expect(source.state).toMatchObject({
      status: "waiting",
      error: { reason: "network", cause: { name: "SyntaxError" } },
    });
    url = URL_;
    await tick(1500);
    expect(server.latest.request.url).toBe(URL_);
  });

  test("that never answers falls under connectTimeout", async () => {
    const { source } = connect({ connectTimeout: 1000 }, () => new Promise<string>(() => {}));
    await tick(1000);
    expect(source.state).toMatchObject({ status: "waiting", error: { reason: "timeout" } });
  });

  test("an answer that comes too late connects nobody", async () => {
    let answer = (_: string): void => {};
    const { source, server } = connect(
      { connectTimeout: 1000 },
      () => new Promise<string>((resolve) => (answer = resolve)),
    );
    await tick(1000);
    answer(URL_);
    await tick();
    expect(server.connections).toEqual([]);
    source.close();
    await tick(60_000);
    expect(server.connections).toEqual([]);
  });
});

describe("the rest of the interface", () => {
  test("the constants, static and of an instance, cannot be changed", () => {
    const { source } = connect();
    const values = { CONNECTING: 0, OPEN: 1, CLOSED: 2 };
    for (const leader of [ResilientEventSource, source] as const) {
      expect({ CONNECTING: leader.CONNECTING, OPEN: leader.OPEN, CLOSED: leader.CLOSED }).toEqual(
        values,
      );
      expect(() => Object.assign(leader, { OPEN: 7 })).toThrow(TypeError);
    }
  });

  test("withCredentials is told, and passed on", async () => {
    for (const withCredentials of [true, false, undefined]) {
      const { source, server } = connect({ withCredentials });
      await tick();
      expect([source.withCredentials, server.latest.request.withCredentials]).toEqual([
        !!withCredentials,
        !!withCredentials,
      ]);
    }
  });

  test("url, withCredentials, readyState, state and lastEventId are read-only", () => {
    const { source } = connect();
    for (const name of ["url", "withCredentials", "readyState", "state", "lastEventId"]) {
      expect(() => Object.assign(source, { [name]: 7 })).toThrow(TypeError);
    }
  });

  test("resuming is the transport's business: it gets the bare URL, the id and the wish", async () => {
    const resume = { query: "since" };
    const { server } = connect({ lastEventId: "41", resume });
    await tick();
    expect(server.latest.request).toMatchObject({
      url: URL_,
      lastEventId: "41",
      resume,
      attempt: 0,
    });
    server.latest.open().send("x", { id: "42" }).end();
    await tick(1500);
    expect(server.latest.request).toMatchObject({
      url: URL_,
      lastEventId: "42",
      resume,
      attempt: 1,
    });
  });
});
