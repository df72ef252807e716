// @module-tag slow
import { expect, test } from "vitest";
import { asReceived, native, platform } from "../contract/engine-traits.ts";
import { needs } from "../support/browsers/engines/engine.ts";
import { FaultServer, type Scenario } from "../support/server/fault-server.ts";
import { ending, refusal, Route, silence, stream } from "../support/pages/page-route.ts";
import { describeTransports } from "../support/pages/page-transports.ts";
import type { ConnectOptions, Notes } from "../support/pages/page-watch.ts";

// Servers that behave badly, and what the client does about it.

const reasons = ({ errors }: Notes): string[] => errors.map(({ error }) => error.reason);

describeTransports((bench) => {
  test("a server that accepts and closes is not hammered", async () => {
    const closers: Record<string, Scenario[]> = {
      "an empty stream": [ending()],
      "a stream with an event": [ending("data: a\n\n")],
      "no answer": [(_, connection) => connection.cut()],
      "a reset": [(_, connection) => connection.reset()],
    };
    const options: ConnectOptions = { backoff: { startingDelay: 200 } };
    const found = await bench.outcomes(
      closers,
      async (source, to) => {
        await source.failed(5);
        await source.close();
        const { errors } = await source.notes();
        // An attempt may be on its way when the source is closed.
        const most = (errors.length + 1) * (platform.requestsPerAttempt ?? 1);
        return {
          attempts: errors.slice(0, 5).map(({ attempt }) => attempt),
          tooMany: Math.max(0, to.count - most),
        };
      },
      options,
    );
    // If each opening reset the counter, the attempts would not be numbered like this.
    for (const [name, outcome] of Object.entries(found))
      expect(outcome, name).toEqual({ attempts: [1, 2, 3, 4, 5], tooMany: 0 });
  });

  test("the waits grow while it accepts and closes", async () => {
    const to = bench.route(ending("data: a\n\n"));
    const source = await bench.connect(to.url, {
      backoff: { startingDelay: 100, maxDelay: 400, jitter: "none" },
    });
    const { errors, opens } = await source.failed(5);
    expect(opens.length).toBeGreaterThanOrEqual(5);
    expect(errors.slice(0, 5).map(({ delay }) => delay)).toEqual([100, 200, 400, 400, 400]);
    for (const [index, gap] of to.gaps.slice(0, 4).entries())
      expect(gap).toBeGreaterThanOrEqual(errors[index]!.delay!);
  });

  test("connectTimeout: a server that accepts and never answers", async () => {
    const to = bench.route(silence, silence, stream("data: hello\n\n"));
    const source = await bench.connect(to.url, { connectTimeout: 2000 });
    const notes = await source.heard("hello");
    expect(reasons(notes)).toEqual(["timeout", "timeout"]);
    for (const { connection } of to.arrivals.slice(0, 2)) await connection.closed;
  });

  test("heartbeatTimeout: a stall in the middle of an event, which comes once", async () => {
    const to = bench.route(
      stream("id: 1\ndata: a\n\nid: 2\ndata: hal"),
      stream("id: 2\ndata: half\n\nid: 3\ndata: b\n\n: and nothing more\ndata: c"),
      stream("id: 4\ndata: c\n\n"),
    );
    const source = await bench.connect(to.url, { heartbeatTimeout: 2000 });
    const notes = await source.heard("c");
    expect(notes.events.map(({ data, lastEventId }) => [data, lastEventId])).toEqual([
      ["a", "1"],
      ["half", "2"],
      ["b", "3"],
      ["c", "4"],
    ]);
    expect(reasons(notes)).toEqual(["timeout", "timeout"]);
    expect(to.resumedAfter).toEqual(["", "1", "3"]);
    for (const { connection } of to.arrivals.slice(0, 2)) await connection.closed;
  });

  test("comments keep a connection alive, and their end is noticed", async () => {
    // One every 100 ms. The heartbeat timeout is far longer than that, so a busy machine keeps it,
    // and the connection outlives it three times over.
    const BEATS = 60;
    const beats: number[] = [];
    const to = bench.route((_, connection) => {
      const index = beats.push(0) - 1;
      connection.head();
      const timer = setInterval(() => {
        connection.write(":\n");
        if (++beats[index]! === BEATS) clearInterval(timer);
      }, 100);
      void connection.closed.then(() => clearInterval(timer));
    });
    // EventSource hides comments, so with this option the default transport is fetch, too.
    const source = await bench.connect(to.url, { heartbeatTimeout: 2000 });
    const notes = await source.failed(1);
    expect(reasons(notes)).toEqual(["timeout"]);
    expect(beats[0]).toBe(BEATS);
  });

  test("a body that is never valid UTF-8 goes on", async () => {
    const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
    const to = bench.route(
      ending(
        bytes(
          "id: \xff\ndata: \xc3\x28\xa0\xa1 \xe2\x82\ndata:\xf0\x28\x8c\xbc\n\n\xfe\xfe: x\n\ndata: \xed\xa0\x80\n\n",
        ),
      ),
      stream("data: valid\n\n"),
    );
    const source = await bench.connect(to.url);
    const { events } = await source.heard("valid");
    expect(events.map(({ data }) => data)).toEqual([
      "\ufffd(\ufffd\ufffd \ufffd\n\ufffd(\ufffd\ufffd",
      "\ufffd\ufffd\ufffd",
      "valid",
    ]);
    expect(to.resumedAfter).toEqual(["", asReceived("\ufffd")]);
  });

  test("a line of 50 MB: a clear error, and the tab survives", async () => {
    if (bench.isDefault) needs("longLines");
    const line = Buffer.concat([Buffer.from("id: 1\ndata: "), Buffer.alloc(50 * 2 ** 20, "x")]);
    const to = bench.route(ending(line));
    const source = await bench.connect(to.url);
    const { errors, events } = await source.closed();
    expect(errors.at(-1)).toMatchObject({ readyState: 2, error: { reason: "unsupported" } });
    expect(errors.at(-1)!.error.message).toMatch(/more than \d+ characters/);
    expect(events).toEqual([]);
    expect(to.count).toBe(bench.first.length + 1);
    // The tab goes on, and its other streams do, too.
    await (await bench.connect(bench.route(stream("data: alive\n\n")).url)).heard("alive");
  });

  test("a refused connection, then the server is back", async () => {
    const other = await FaultServer.start();
    try {
      const to = new Route(other, [stream("data: back\n\n")], { cors: true });
      other.stopListening();
      const source = await bench.connect(to.url);
      const { errors } = await source.failed(3);
      const first = bench.isDefault && native.givesUpEarly ? "rejected" : "network";
      expect(errors.map(({ error }) => error.reason)).toEqual([
        first,
        ...errors.slice(1).map(() => "network"),
      ]);
      expect(to.count).toBe(0);
      await other.listen();
      await source.heard("back");
      expect(to.count).toBe(1);
    } finally {
      other.close();
    }
  });

  test("a server that is down for a while in the middle of a stream", async () => {
    const other = await FaultServer.start();
    try {
      const to = new Route(other, [stream("id: 1\ndata: a\n\n"), stream("id: 2\ndata: b\n\n")], {
        cors: true,
      });
      const source = await bench.connect(to.url);
      await source.heard("a");
      other.close();
      await source.failed(3);
      await other.listen();
      const { events } = await source.heard("b");
      expect(events.map(({ data }) => data)).toEqual(["a", "b"]);
      expect(to.resumedAfter).toEqual(["", "1"]);
    } finally {
      other.close();
    }
  });

  test("an AbortError of somebody else's is an outage like any other", async () => {
    const to = bench.route(stream("id: 1\ndata: a\n\n"), stream("id: 2\ndata: b\n\n"));
    const source = await bench.page.make((url) => {
      let calls = 0;
      const fetcher = async (input: string, init: RequestInit): Promise<Response> => {
        if (++calls === 1) throw new DOMException("somebody else's", "AbortError");
        if (calls > 2) return fetch(input, init);
        const foreign = new AbortController();
        const response = await fetch(input, { ...init, signal: foreign.signal });
        globalThis.addEventListener("abort it", () => foreign.abort(), { once: true });
        return response;
      };
      return connect(
        url,
        {},
        { transport: library.fetchTransport({ fetch: fetcher }), backoff: { startingDelay: 0 } },
      );
    }, to.url);
    await source.heard("a");
    await bench.page.page.evaluate(() => dispatchEvent(new Event("abort it")));
    const notes = await source.heard("b");
    expect(reasons(notes)).toEqual(["network", "network"]);
    expect(to.resumedAfter).toEqual(["", "1"]);
  });

  test("reconnect() interrupts a wait and replaces a live connection", async () => {
    const to = bench.route(
      refusal(503),
      stream("id: 1\ndata: a\n\n"),
      stream("id: 2\ndata: b\n\n"),
    );
    const source = await bench.connect(to.url, {
      backoff: { startingDelay: 600_000, maxDelay: 600_000, jitter: "none" },
    });
    const waiting = await source.failed(1);
    expect(waiting).toMatchObject({
      status: "waiting",
      readyState: 0,
      errors: [{ delay: 600_000 }],
    });
    await source.reconnect();
    await source.heard("a");
    await source.reconnect();
    const { events, errors } = await source.heard("b");
    await to.arrivals[1]!.connection.closed;
    expect(events.map(({ data }) => data)).toEqual(["a", "b"]);
    expect(errors).toHaveLength(1);
    expect(to.resumedAfter).toEqual(["", "", "1"]);
  });

  test("two streams, one of which gets a 500: the other goes on undisturbed", async () => {
    const failing = bench.route(refusal(500));
    const healthy = bench.route(stream("data: a\n\n"));
    const source = await bench.connect(healthy.url);
    await source.heard("a");
    const other = await bench.connect(failing.url);
    await other.failed(4);
    healthy.arrivals[0]!.connection.write("data: still here\n\n");
    const { errors, events } = await source.heard("still here");
    expect(errors).toEqual([]);
    expect(events).toHaveLength(2);
    expect(healthy.count).toBe(1);
  });
});
