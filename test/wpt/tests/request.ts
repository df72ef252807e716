import { any, page, type WptTest } from "../define.ts";
import {
  away,
  cors,
  deliveries,
  equal,
  once,
  requestsTo,
  resumableStream,
  sleep,
  stream,
  type Answer,
} from "../stage.ts";

const hello: Answer = { body: "data: hello\n\n" };
const allowed: Answer = { headers: cors, body: "data: hello\n\n" };

/** Asks another origin for the stream, with credentials. */
async function isHeardAcross(open: Parameters<WptTest["run"]>[0], url: string): Promise<void> {
  const { event } = await once(open(url, { withCredentials: true }), "message");
  equal([event.data, event.origin], ["hello", away], "data and origin");
}

/** The connection fails for good: the only event is one simple `error`. */
async function isRefused(open: Parameters<WptTest["run"]>[0], url: string): Promise<void> {
  const { event, readyState } = await deliveries(open(url), "open", "message", "error")();
  equal(
    [event.type, readyState, Object.hasOwn(event, "data")],
    ["error", 2, false],
    "event, readyState, data",
  );
}

/** Requests, and what their answers lead to. */
export const request: WptTest[] = [
  any("request-accept.any.js", (test) => {
    test("Accept: text/event-stream", async (open) => {
      const { event } = await once(open(stream("data: {accept}\n\n")), "message");
      equal(event.data, "text/event-stream", "Accept");
    });
  }),
  any("request-cache-control.any.js", (test) => {
    for (const origin of [undefined, away]) {
      test(`Cache-Control: no-cache, each time, ${origin === undefined ? "same origin" : "another origin"}`, async (open) => {
        const url = stream({ headers: cors, body: "data: {cache-control}\n\n" }, { origin });
        for (let time = 1; time <= 2; time++) {
          const { event } = await once(open(url), "message");
          equal(event.data, "no-cache", `Cache-Control, time ${time}`);
        }
      });
    }
  }),
  page("request-credentials.window.js", (test) => {
    for (const [name, init, sent] of [
      ["enabled", { withCredentials: true }, true],
      ["disabled", { withCredentials: false }, false],
      ["by default", {}, false],
    ] as const) {
      test(`credentials ${name}`, async (open) => {
        const cookie = `wpt-${name.replace(" ", "-")}`;
        const url = resumableStream(
          {
            headers: { ...cors, "Set-Cookie": `${cookie}=COOKIE` },
            body: "id: 1\nretry: 200\ndata: first {cookie}\n\n",
          },
          { headers: cors, body: "id: 2\ndata: second {cookie}\n\n" },
          { origin: away },
        );
        const next = deliveries(open(url, init), "message");
        for (const [answer, expected] of [
          ["first", false],
          ["second", sent],
        ] as const) {
          const { data } = (await next()).event;
          equal(
            [data.split(" ")[0], data.includes(cookie)],
            [answer, expected],
            "which answer, and whether it got the cookie",
          );
        }
      });
    }
  }),
  any("request-redirect.any.js", (test) => {
    for (const status of [301, 302, 303, 307]) {
      test(`${status} is followed`, async (open) => {
        const url = stream({ status, headers: { Location: stream([hello]) } });
        const { event, readyState } = await deliveries(open(url), "open", "error")();
        equal([event.type, readyState], ["open", 1], "event and readyState");
      });
    }
  }),
  page("request-status-error.window.js", (test) => {
    for (const status of [204, 205, 210, 299, 404, 410, 503])
      test(`${status}`, (open) => isRefused(open, stream({ ...hello, status })));
  }),
  page("eventsource-cross-origin.window.js", (test) => {
    test("basic use", (open) => isHeardAcross(open, stream(allowed, { origin: away })));
    test("redirected", (open) => {
      const to = stream(allowed, { origin: away });
      return isHeardAcross(
        open,
        stream({ status: 302, headers: { ...cors, Location: to } }, { origin: away }),
      );
    });
    test("reconnected", (open) =>
      isHeardAcross(
        open,
        stream([{ headers: cors, body: "retry: 2\n" }, allowed], { origin: away }),
      ));
    for (const [name, origin] of [
      ["another origin is allowed", "http://example.org"],
      ["Access-Control-Allow-Origin is empty", ""],
    ] as const) {
      test(`refused: ${name}`, (open) =>
        isRefused(
          open,
          stream(
            { headers: { "Access-Control-Allow-Origin": origin }, body: "data: hello\n\n" },
            { origin: away },
          ),
        ));
    }
    test("refused: nothing is allowed", (open) =>
      isRefused(open, stream([hello], { origin: away })));
  }),
  page("eventsource-cross-origin-preflight.window.js", (test) => {
    for (const [name, id, preflights] of [
      ["safe", "abc", []],
      ["too long", "a".repeat(255), ["last-event-id"]],
      ["with unsafe characters", "e5p3n<3k0k0s", ["last-event-id"]],
    ] as const) {
      test(`an id that is ${name} ${preflights.length ? "needs a preflight" : "needs none"}`, async (open) => {
        const first = { headers: cors, body: `id: ${id}\nretry: 200\ndata: hello\n\n` };
        const url = resumableStream(
          first,
          { headers: cors, body: "data: {last-event-id}\n\n" },
          { origin: away },
        );
        const next = deliveries(open(url), "message");
        equal([(await next()).event.data, (await next()).event.data], ["hello", id], "data");
        const asked = (await requestsTo(url)).filter(({ method }) => method === "OPTIONS");
        const askedFor = asked.map(({ headers }) => headers["access-control-request-headers"]);
        equal(askedFor, preflights, "preflights for");
      });
    }
  }),
  page("eventsource-request-cancellation.window.js", (test) => {
    test(
      "window.stop() closes it for good",
      async (open) => {
        const source = open(stream({ delay: 1000, body: "retry:1000\ndata:a\n\n" }));
        const next = deliveries(source, "open", "message", "error");
        await sleep(0);
        window.stop();
        const { event, readyState } = await next();
        equal([event.type, readyState], ["error", 2], "event and readyState");
        await sleep(1000);
        equal(source.readyState, 2, "readyState a second later");
      },
      { alone: true },
    );
  }),
].flat();
