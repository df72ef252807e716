import { expect, test } from "vitest";
import type { BackoffOptions } from "../../src/index.ts";
import type { Scenario } from "../support/server/fault-server.ts";
import { ending, refusal, stream, type Route } from "../support/pages/page-route.ts";
import { describeTransports } from "../support/pages/page-transports.ts";
import type { ConnectOptions, Notes } from "../support/pages/page-watch.ts";

// Each row of the retry table, with a real browser and a real server.

const reasons = ({ errors }: Notes): string[] => errors.map(({ error }) => error.reason);

const same = <Value>(names: string[], value: (name: string) => Value): Record<string, Value> =>
  Object.fromEntries(names.map((name) => [name, value(name)]));

describeTransports((bench) => {
  test("a final answer stops it, with the reason", async () => {
    const stops: Record<string, Scenario[]> = {
      "204": [refusal(204, { "Content-Type": undefined })],
      "400": [refusal(400)],
      "401": [refusal(401)],
      "403": [refusal(403)],
      "404": [refusal(404)],
      "410": [refusal(410)],
      "HTML with 200": [
        refusal(200, { "Content-Type": "text/html" }, "<!doctype html><p>Please log in"),
      ],
      "JSON with 200": [refusal(200, { "Content-Type": "application/json" }, "{}")],
    };
    const routes: Route[] = [];
    const found = await bench.outcomes(stops, async (source, to) => {
      routes.push(to);
      const notes = await source.closed();
      const { error, readyState, delay } = notes.errors.at(-1)!;
      return {
        reasons: reasons(notes),
        status: error.status,
        readyState,
        delay,
        opens: notes.opens,
        events: notes.events,
      };
    });
    expect(found).toEqual(
      same(Object.keys(stops), (name) => ({
        reasons: [...bench.first, name.endsWith("200") ? "content-type" : "status"],
        status: name.endsWith("200") ? 200 : Number(name),
        readyState: 2,
        delay: undefined,
        opens: [],
        events: [],
      })),
    );
    // The retries of another source show that there was time for another request.
    await (await bench.connect(bench.route(refusal(503)).url)).failed(5);
    expect(routes.map(({ count }) => count)).toEqual(routes.map(() => bench.first.length + 1));
  });

  test("a transient answer is retried until it works", async () => {
    const again: Record<string, Scenario> = {
      "408": refusal(408),
      "425": refusal(425),
      "429": refusal(429),
      "500": refusal(500),
      "502": refusal(502),
      "503": refusal(503),
      "504": refusal(504),
      "599": refusal(599),
      "no Content-Type": refusal(200, { "Content-Type": undefined }),
    };
    const rows = Object.fromEntries(
      Object.entries(again).map(([name, answer]) => [
        name,
        [answer, answer, answer, stream("data: at last\n\n")],
      ]),
    );
    const found = await bench.outcomes(rows, async (source, to) => {
      const notes = await source.heard("at last");
      // There are more streams than the six connections of a page to a server.
      await source.close();
      const learned = notes.errors.slice(bench.first.length);
      return {
        reasons: learned.map(({ error }) => error.reason),
        statuses: learned.map(({ error }) => error.status),
        attempts: notes.errors.map(({ attempt }) => attempt),
        count: to.count,
        tooSoon: to.gaps.filter((gap, index) => gap < Math.floor(notes.errors[index]!.delay!)),
        shortest: Math.min(...notes.errors.map(({ delay }) => delay!)),
      };
    });
    expect(found).toEqual(
      same(Object.keys(again), (name) => {
        const learned = Array.from({ length: 3 - bench.first.length });
        return {
          reasons: learned.map(() => (name === "no Content-Type" ? "network" : "status")),
          statuses: learned.map(() => (name === "no Content-Type" ? 200 : Number(name))),
          attempts: [1, 2, 3],
          count: 4,
          tooSoon: [],
          shortest: 100,
        };
      }),
    );
  });

  test("after a 401 it goes on as soon as an async backoff.retry has refreshed the token", async () => {
    const to = bench.route((request, connection) => {
      const isFresh =
        request.headers.get("authorization") === "Bearer fresh" || request.query === "token=fresh";
      (isFresh ? stream("data: welcome\n\n") : refusal(401))(request, connection);
    });
    const source = await bench.page.make(
      ({ url, isDefault }) => {
        let token = "stale";
        const backoff: BackoffOptions = {
          startingDelay: 0,
          async retry({ reason, status }) {
            if (reason === "rejected") return true;
            if (status !== 401) return false;
            token = await new Promise<string>((resolve) => setTimeout(resolve, 50, "fresh"));
            return true;
          },
        };
        // An EventSource sends no header, so the token is in the URL, a function that is called for
        // every attempt.
        if (isDefault)
          return watch(
            new library.ResilientEventSource(() => `${url}?token=${token}`, { backoff }),
          );
        const transport = library.fetchTransport(async () => ({
          headers: { Authorization: `Bearer ${token}` },
        }));
        return watch(new library.ResilientEventSource(url, { backoff, transport }));
      },
      { url: to.url, isDefault: bench.isDefault },
    );
    const notes = await source.heard("welcome");
    expect(reasons(notes)).toEqual([...bench.first, "status"]);
    expect(notes.errors.at(-1)).toMatchObject({ readyState: 0, error: { status: 401 } });
    expect(to.count).toBe(bench.first.length + 2);
  });

  test("503 with Retry-After in seconds: no client comes sooner, and not all at once", async () => {
    const unavailable = refusal(503, { "Retry-After": "1" });
    const clients = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const to = bench.route(
          ...bench.first.map(() => unavailable),
          unavailable,
          stream("data: back\n\n"),
        );
        return { to, source: await bench.connect(to.url, { backoff: { startingDelay: 1000 } }) };
      }),
    );
    const delays: number[] = [];
    for (const { to, source } of clients) {
      const notes = await source.heard("back");
      const { delay, error } = notes.errors.at(-1)!;
      expect(error).toMatchObject({ reason: "status", status: 503, retryAfter: 1000 });
      delays.push(delay!);
      expect(to.gaps.at(-1)).toBeGreaterThanOrEqual(Math.floor(delay!));
    }
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(1000);
    // These are whole milliseconds out of a thousand: in one of a hundred runs two of the five are
    // equal, hardly ever three.
    expect(new Set(delays).size).toBeGreaterThanOrEqual(delays.length - 1);
  });

  test("503 with Retry-After as a date: no client comes before it", async () => {
    const date = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000);
    const unavailable = refusal(503, {
      "Retry-After": date.toUTCString(),
      Date: new Date().toUTCString(),
    });
    const to = bench.route(
      ...bench.first.map(() => unavailable),
      unavailable,
      stream("data: back\n\n"),
    );
    const source = await bench.connect(to.url);
    const notes = await source.heard("back");
    expect(notes.errors.at(-1)!.until).toBeGreaterThanOrEqual(date.getTime());
    // The timer's clock may differ a little from that of Date.
    expect(to.arrivals.at(-1)!.date).toBeGreaterThanOrEqual(date.getTime() - 5);
  });

  test("a server that names a `retry` and ends makes clients poll, at its pace; nonsense is ignored", async () => {
    const delays: Record<string, number> = {
      "0": 500,
      x: 200,
      "-5": 200,
      "250": 500,
      "700": 700,
    };
    const rows = Object.fromEntries(
      Object.keys(delays).map((retry) => [retry, [ending(`retry: ${retry}\n\n`)]]),
    );
    const options: ConnectOptions = {
      backoff: { startingDelay: 200, timeMultiple: 1, maxDelay: 300, jitter: "none" },
    };
    const found = await bench.outcomes(
      rows,
      async (source, to) => {
        await source.failed(3);
        await expect.poll(() => to.count).toBeGreaterThan(3);
        const waits = (await source.notes()).errors.slice(0, 3).map(({ delay }) => delay!);
        return { waits, tooSoon: to.gaps.slice(0, 3).filter((gap, index) => gap < waits[index]!) };
      },
      options,
    );
    // EventSource hides `retry`, so with the default transport the first wait has no floor.
    expect(found).toEqual(
      same(Object.keys(rows), (retry) => {
        const waits = Array.from({ length: 3 }, (_, index) =>
          index < bench.first.length ? 200 : delays[retry],
        );
        return { waits, tooSoon: [] };
      }),
    );
  });

  test("a redirect loop is retried until the server resolves it", async () => {
    const to = bench.route((request, connection) =>
      refusal(307, { Location: request.path })(request, connection),
    );
    const source = await bench.connect(to.url);
    const { errors } = await source.failed(2);
    expect(errors.at(-1)).toMatchObject({
      readyState: 0,
      error: { reason: "network", status: undefined },
    });
    to.answer(stream("data: out\n\n"));
    const attempts = (await source.heard("out")).errors.length + 1;
    // Chromium follows 20 redirects an attempt.
    expect(to.count).toBeLessThan(30 * attempts);
  });
});
