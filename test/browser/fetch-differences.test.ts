import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engine } from "../support/browsers/engines/engine.ts";
import { FaultServer, type HeadInit, type Scenario } from "../support/server/fault-server.ts";
import { refusal, Route, stream } from "../support/pages/page-route.ts";
import { openPage } from "../support/pages/page-open.ts";
import { describeTransports, type Bench } from "../support/pages/page-transports.ts";
import type { Notes } from "../support/pages/page-watch.ts";

// Where fetch differs from what EventSource does on the wire, in browsers: a stream that EventSource
// opens must survive its first cut. The table for Node is in test/contract/fetch.differences.test.ts.
// `npm test` runs only that one.
// @module-tag slow

let away: FaultServer;
beforeAll(async () => {
  away = await FaultServer.start();
});
afterAll(() => away.close());

const reasons = ({ errors }: Notes): string[] => errors.map(({ error }) => error.reason);

const BEFORE = "retry: 100\nid: 1\ndata: a\n\n";
const AFTER = "id: 2\ndata: b\n\n";

/** A stream that ends after an event; it goes on with the next connection. */
const cutOnce = (begin: (body: string) => Scenario): Scenario[] => [
  (request, connection) => {
    begin(BEFORE)(request, connection);
    connection.end();
  },
  begin(AFTER),
];

/** All data that the browser's own EventSource reads from such a stream, until it reopens or gives up. */
const native = (bench: Bench, url: string): Promise<string[]> =>
  bench.page.page.evaluate(
    (url) =>
      new Promise<string[]>((resolve) => {
        const heard: string[] = [];
        const source = new EventSource(url);
        const end = (): void => {
          source.close();
          resolve(heard);
        };
        source.onmessage = ({ data }: MessageEvent<string>) => {
          if (heard.push(data) === 2) end();
        };
        source.onerror = () => {
          if (source.readyState === 2) end();
        };
      }),
    url,
  );

describeTransports((bench) => {
  describe("goes on where native does", () => {
    const types = [
      ["text/event-stream", "text/event-stream"],
      ["text/event-stream, text/event-stream"],
      ["application/json, text/event-stream; charset=utf-8"],
      ["text/event-stream;charset=utf-8, text/event-stream"],
      ["Text/Event-Stream"],
    ];
    test.each(types)("Content-Type: %s", async (...type) => {
      const lines = type.map((value) => `Content-Type: ${value}\r\n`).join("");
      const begin =
        (body: string): Scenario =>
        (_, connection) =>
          void connection.raw(`HTTP/1.1 200 OK\r\n${lines}Connection: close\r\n\r\n${body}`);
      const measure = await native(bench, bench.route(...cutOnce(begin)).url);
      // WebKitGTK takes the first of several types: its EventSource then refuses the first answer.
      const refused = measure.length === 0 && engine.name === "webkit";
      if (!refused) expect(measure).toEqual(["a", "b"]);
      const source = await bench.connect(bench.route(...cutOnce(begin)).url);
      const { events } = await source.heard("b");
      expect(events.map(({ data }) => data)).toEqual(
        refused && bench.isDefault ? ["b"] : ["a", "b"],
      );
    });

    test("a redirect to another origin that takes no preflight", async () => {
      const open = (): { to: Route; via: Route } => {
        const head: HeadInit = { headers: { "Access-Control-Allow-Origin": "*" } };
        const begin =
          (body: string): Scenario =>
          ({ method }, connection) =>
            method === "GET"
              ? void connection.head(head).write(body)
              : connection.head({ status: 405 }).end();
        const to = new Route(away, cutOnce(begin));
        const via = bench.route(({ query }, connection) => {
          const Location = `${to.url}${query && `?${query}`}`;
          connection.head({ status: 307, headers: { Location, "Content-Type": undefined } }).end();
        });
        return { to, via };
      };
      const { to, via } = open();
      const source = await bench.connect(via.url);
      await source.heard("b");
      expect(to.arrivals.map(({ request }) => request.method)).toEqual(["GET", "GET"]);
      expect(to.resumedAfter).toEqual(["", "1"]);
      expect(via.resumedAfter).toEqual(["", "1"]);
      expect(await native(bench, open().via.url)).toEqual(["a", "b"]);
    });

    test("the same if only an id has come from there, without an event", async () => {
      const head: HeadInit = { headers: { "Access-Control-Allow-Origin": "*" } };
      const onlyId: Scenario = ({ method }, connection) =>
        method === "GET"
          ? connection.head(head).write("retry: 100\nid: 1\n\n").end()
          : connection.head({ status: 405 }).end();
      const to = new Route(away, [
        onlyId,
        onlyId,
        (_, connection) => connection.head(head).write(AFTER),
      ]);
      const via = bench.route(({ query }, connection) => {
        const Location = `${to.url}${query && `?${query}`}`;
        connection.head({ status: 307, headers: { Location, "Content-Type": undefined } }).end();
      });
      await (await bench.connect(via.url)).heard("b");
      expect(to.arrivals.map(({ request }) => request.method)).toEqual(["GET", "GET", "GET"]);
      // EventSource hides such an id.
      expect(to.resumedAfter).toEqual(["", bench.isDefault ? "" : "1", "1"]);
    });

    test("user and password in the URL, absolute or that of the base", async () => {
      const to = bench.route(...cutOnce((body) => stream(body)));
      const source = await bench.connect(to.url.replace("//", "//me:secret@"));
      await source.heard("b");
      expect(to.arrivals.at(-1)!.request.headers.get("authorization")).toBe("Basic bWU6c2VjcmV0");

      const again = bench.route(...cutOnce((body) => stream(body)));
      const relative = await bench.page.make((url) => {
        const base = document.createElement("base");
        base.href = url.replace("//", "//me:secret@");
        document.head.append(base);
        const { pathname } = new URL(url);
        const watched = connect(pathname, { backoff: { startingDelay: 0 } });
        base.remove();
        return watched;
      }, again.url);
      await relative.heard("b");
    });
  });

  test("a page that was opened with user and password, relative and absolute", async () => {
    const opened = await openPage(bench.browser, bench.server, { credentials: "me:secret" });
    try {
      // The base of relative URLs has them, which fetch refuses.
      const base = await opened.page.evaluate(() => document.baseURI);
      expect.soft(base).toContain("//me:secret@");
      for (const isRelative of [true, false]) {
        const to = bench.route(...cutOnce((body) => stream(body)));
        const { pathname } = new URL(to.url);
        const source = await opened.connect(isRelative ? pathname : to.url, {
          backoff: { startingDelay: 0 },
          transport: bench.transport,
        });
        const { events } = await source.heard("b");
        expect(events.map(({ data }) => data)).toEqual(["a", "b"]);
      }
    } finally {
      await opened.close();
    }
  });

  test("user and password for another origin are not sent, and need no preflight", async () => {
    const to = new Route(
      away,
      cutOnce((body) => stream(body)),
      { cors: true },
    );
    const source = await bench.connect(to.url.replace("//", "//me:secret@"));
    await source.heard("b");
    const seen = to.arrivals.map(({ request }) => [
      request.method,
      request.headers.get("authorization"),
    ]);
    expect(seen).toEqual([
      ["GET", undefined],
      ["GET", undefined],
    ]);
  });

  test("a cross-origin answer without CORS headers: the message names both causes", async () => {
    const to = new Route(away, [stream("data: secret\n\n")]);
    const source = await bench.connect(to.url);
    const { errors } = await source.failed(3);
    expect(errors.at(-1)).toMatchObject({ readyState: 0, error: { reason: "network" } });
    expect(errors.at(-1)!.error.message).toMatch(/not reached.*CORS/);
    await source.close();

    // Within the origin, and after it has been open, it can only be an outage.
    const cut = new Route(away, [stream(BEFORE), (_, connection) => connection.reset()], {
      cors: true,
    });
    const opened = await bench.connect(cut.url);
    await opened.heard("a");
    cut.arrivals[0]!.connection.reset();
    const notes = await opened.failed(3);
    for (const { error } of notes.errors) expect(error.message).not.toContain("CORS");
  });

  test("a refusal of our query parameter says so", async () => {
    const to = new Route(away, [
      (request, connection) =>
        request.query
          ? refusal(403, { "Access-Control-Allow-Origin": "*" })(request, connection)
          : connection
              .head({ headers: { "Access-Control-Allow-Origin": "*" } })
              .write(BEFORE)
              .end(),
    ]);
    const source = await bench.connect(to.url);
    const { errors } = await source.closed();
    expect(errors.at(-1)!.error).toMatchObject({ reason: "status", status: 403 });
    expect(errors.at(-1)!.error.message).toMatch(/lastEventId.*resume/);
  });

  test("Retry-After as a date counts only if the server's own clock can be read", async () => {
    const date = (ms: number): string => new Date(ms).toUTCString();
    const hour = 3_600_000;
    const headers = {
      "Access-Control-Allow-Origin": "*",
      // The server's clock is an hour ahead of ours.
      Date: date(Date.now() + hour),
      "Retry-After": date(Date.now() + hour + 2000),
    };
    const rows: [expose: string, retryAfter: number | undefined][] = [
      ["Retry-After", undefined],
      ["Retry-After, Date", 2000],
      ["Date", undefined],
    ];
    for (const [expose, retryAfter] of rows) {
      const answer = refusal(503, { ...headers, "Access-Control-Expose-Headers": expose });
      const source = await bench.connect(new Route(away, [answer]).url);
      const { errors } = await source.until(({ errors }) =>
        errors.some(({ error }) => error.reason === "status"),
      );
      expect(errors.at(-1)!.error.retryAfter, expose).toBe(retryAfter);
      await source.close();
    }
  });

  test("a refusal of another origin: what is exposed is seen, on errors as well", async () => {
    const allowed = { "Access-Control-Allow-Origin": "*", "Retry-After": "20" };
    const exposed = { ...allowed, "Access-Control-Expose-Headers": "Retry-After, Date" };
    const rows: [
      headers: Record<string, string>,
      reason: string,
      retryAfter: number | undefined,
    ][] = [
      [exposed, "status", 20_000],
      [allowed, "status", undefined],
      // Without CORS headers the browser hides the whole response: an outage.
      [{ "Retry-After": "20" }, "network", undefined],
    ];
    for (const [headers, reason, retryAfter] of rows) {
      const to = new Route(away, [
        (_, connection) => connection.head({ headers: allowed }).write("id: 1\ndata: a\n\n").end(),
        refusal(503, headers),
      ]);
      const source = await bench.connect(to.url);
      const { errors } = await source.failed(2);
      const { error } = errors[1]!;
      expect({ reason: error.reason, retryAfter: error.retryAfter }).toEqual({
        reason,
        retryAfter,
      });
      await source.close();
    }
  });

  test("ids that no request can carry do not end the stream", async () => {
    for (const id of ["x".repeat(130_000), "a\x01b", "\x7f"]) {
      const to = bench.route(
        (_, connection) =>
          connection.head().write(`retry: 100\nid: 1\ndata: a\n\nid: ${id}\ndata: b\n\n`).end(),
        stream("id: 2\ndata: c\n\n"),
      );
      const source = await bench.connect(to.url);
      const { events } = await source.heard("c");
      expect(events.map(({ data }) => data)).toEqual(["a", "b", "c"]);
      // EventSource does not show the id before it: from where its connection began.
      expect(to.resumedAfter).toEqual(["", bench.isDefault ? "" : "1"]);
      await source.close();
    }
  });

  test("error.body: of a refusal, and of one that never ends, whose socket is released", async () => {
    const text = '{"error":{"message":"prompt is too long"}}';
    const json = { "Content-Type": "application/json" };
    const ends = await bench.connect(bench.route(refusal(400, json, text)).url);
    expect((await ends.closed()).errors.at(-1)!.error.body).toBe(text);

    const to = bench.route((_, connection) =>
      connection.head({ status: 400, headers: json }).write(text),
    );
    // It is an answer, so that `connectTimeout` is not what ends it.
    const endless = await bench.connect(to.url, { connectTimeout: 800 });
    const { errors } = await endless.closed();
    expect(errors.at(-1)!.error).toMatchObject({ reason: "status", status: 400, body: text });
    for (const { connection } of to.arrivals) await connection.closed;
  });

  test("heartbeatTimeout: comments keep the first connection", async () => {
    let beats = 0;
    const to = bench.route((_, connection) => {
      connection.head().write(":\n");
      const timer = setInterval(() => {
        connection.write(":\n");
        beats++;
      }, 100);
      void connection.closed.then(() => clearInterval(timer));
    });
    const source = await bench.connect(to.url, { heartbeatTimeout: 3000 });
    // Half as long again as a silence may be.
    await expect.poll(() => beats).toBeGreaterThan(45);
    const { errors, opens } = await source.notes();
    expect([errors, opens, to.count]).toEqual([[], [200], 1]);
  });

  test("a server event named error: heard by on(), else one warning", async () => {
    const event = (id: number): string => `id: ${id}\nevent: error\ndata: overloaded\n\n`;
    const to = bench.route(stream(`${event(1)}${event(2)}data: end\n\n`));
    const warnings = (): Promise<string[]> =>
      bench.page.page.evaluate(() => (globalThis as unknown as { warned: string[] }).warned);
    await bench.page.page.evaluate(() => {
      const warned: string[] = [];
      Object.assign(globalThis, { warned });
      console.warn = (text: string) => warned.push(text);
    });
    const deaf = await bench.connect(to.url);
    const notes = await deaf.heard("end");
    expect(notes.errors).toEqual([]);
    expect(notes.lastEventId).toBe("2");
    expect(await warnings()).toEqual([expect.stringContaining('on("error", …)')]);
    await deaf.close();

    const heard = await bench.connect(bench.route(stream(`${event(1)}data: end\n\n`)).url, {
      names: ["message", "error"],
    });
    const { events } = await heard.heard("end");
    expect(events.map(({ type, data }) => [type, data])).toContainEqual(["error", "overloaded"]);
    expect(await warnings()).toHaveLength(1);
  });

  test("when(): as native has it, or not at all", async () => {
    const to = bench.route(stream("event: price\ndata: 7\n\n"));
    const found = await bench.page.page.evaluate(
      async ({ url, isDefault }) => {
        type WithWhen = EventTarget & {
          when?(type: string): { first(): Promise<MessageEvent<string>> };
        };
        if (!("when" in EventTarget.prototype))
          return { ours: "when" in library.ResilientEventSource.prototype };
        const transport = isDefault ? undefined : library.fetchTransport();
        const source: WithWhen & { close(): void } = new library.ResilientEventSource(url, {
          transport,
        });
        const { data, type } = await source.when!("price").first();
        source.close();
        return { data, type };
      },
      { url: to.url, isDefault: bench.isDefault },
    );
    expect([{ ours: false }, { data: "7", type: "price" }]).toContainEqual(found);
  });

  test("the minute after a loss: a proxy's 404 and placeholder page pass", async () => {
    const to = bench.route(
      (_, connection) => connection.head().write(BEFORE).end(),
      refusal(404),
      refusal(200, { "Content-Type": "text/html" }, "<p>Back soon"),
      stream(AFTER),
    );
    const source = await bench.connect(to.url);
    const notes = await source.heard("b");
    // A native EventSource does not tell an end from a cut.
    const lost = bench.isDefault ? "network" : "ended";
    expect(reasons(notes)).toEqual([lost, "status", "content-type"]);
  });

  if (bench.isDefault)
    test("a fetch that answers only with the whole body: back to EventSource", async () => {
      const to = bench.route(
        stream(BEFORE),
        stream("id: x\ndata: never seen\n\n"),
        stream(AFTER),
        stream("data: c\n\n"),
      );
      await bench.page.page.evaluate(() => {
        const { fetch: realFetch, setTimeout: realSetTimeout } = globalThis;
        globalThis.fetch = async (...parameters) => {
          const response = await realFetch(...parameters);
          return new Response(await response.text(), response);
        };
        // 20 seconds take a second.
        globalThis.setTimeout = ((run: () => void, ms: number, ...rest: unknown[]) =>
          realSetTimeout(run, ms === 20_000 ? 1000 : ms, ...(rest as []))) as typeof setTimeout;
        Object.assign(globalThis, {
          restore: () =>
            Object.assign(globalThis, { fetch: realFetch, setTimeout: realSetTimeout }),
        });
      });
      try {
        const source = await bench.connect(to.url);
        await source.heard("a");
        to.arrivals[0]!.connection.reset();
        await source.heard("b");
        expect(to.resumedAfter).toEqual(["", "1", "1"]);
        to.arrivals[2]!.connection.reset();
        const notes = await source.heard("c");
        expect(reasons(notes)).toEqual(["network", "timeout", "network"]);
        expect(to.resumedAfter).toEqual(["", "1", "1", "2"]);
      } finally {
        await bench.page.page.evaluate("restore() && 0");
      }
    });

  if (!bench.isDefault) {
    const closedBy = async (init: RequestInit, url: string): Promise<Notes["errors"][number]> => {
      const source = await bench.page.make(
        ({ init, url }) => connect(url, {}, { transport: library.fetchTransport(() => init) }),
        { init, url },
      );
      return (await source.closed()).errors.at(-1)!;
    };

    test.each(["manual", "error"] as const)(
      'redirect: "%s" has a reason of its own',
      async (redirect) => {
        const to = bench.route(refusal(302, { Location: away.origin }));
        const { readyState, error } = await closedBy({ redirect }, to.url);
        expect({ readyState, reason: error.reason }).toEqual({ readyState: 2, reason: "redirect" });
        expect(error.message).toContain("redirect");
        expect(to.count).toBe(1);
      },
    );

    test.each([201, 203, 206])("POST answered with %i", async (status) => {
      const to = bench.route((_, connection) => connection.head({ status }).write("data: a\n\n"));
      const source = await bench.page.make(
        (url) =>
          connect(url, {}, { transport: library.fetchTransport({ method: "POST", body: "q" }) }),
        to.url,
      );
      expect((await source.heard("a")).opens).toEqual([status]);
    });

    test("a request that can never work closes with the platform's words", async () => {
      const inits: Record<string, RequestInit> = {
        "a line break in a header": { headers: { a: "b\nc" } },
        "a GET with a body": { body: "question" },
        "a bad method": { method: "GE T" },
        "only-if-cached": { cache: "only-if-cached" },
      };
      const { url } = bench.route(stream());
      for (const [name, init] of Object.entries(inits)) {
        const { readyState, error } = await closedBy(init, url);
        expect({ readyState, reason: error.reason }, name).toEqual({
          readyState: 2,
          reason: "unsupported",
        });
        expect(error.message, name).toMatch(/: .+/);
      }
      const open = new Route(away, [refusal(200)]).url;
      expect((await closedBy({ mode: "no-cors" }, open)).error.message).toContain("no-cors");
      for (const url of ["ftp://a.invalid/", "ws://a.invalid/", "mailto:a@b.invalid"])
        expect((await closedBy({}, url)).error.reason, url).toBe("unsupported");
    });
  }
});
