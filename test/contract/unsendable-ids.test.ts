import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type * as Library from "../../src/index.ts";
import { FaultServer } from "../support/server/fault-server.ts";
import { resumePoint, Route, stream } from "../support/pages/page-route.ts";

// Ids that come with events but that no request can carry back, over fetch in Node.

const unsendable: Record<string, string> = {
  "130,000 characters": "x".repeat(130_000),
  "8,001 characters": "x".repeat(8001),
  "8,001 bytes": "日".repeat(2667),
  "16 MB": "x".repeat(16 * 2 ** 20 - 1000),
  "U+0001": "a\x01b",
  ESC: "\x1b[31m",
  "U+001F": "\x1f",
  "U+007F": "7\x7f",
};
const sendable: Record<string, string> = {
  "8,000 characters": "x".repeat(8000),
  "7,998 bytes": "日".repeat(2666),
  "a tab inside": "a\tb",
  "Latin-1": "é\x80\xa0ÿ",
  emoji: "😀",
  JSON: '[{"topic":"a","offset":7}]',
};

let server: FaultServer;
let warn: ReturnType<typeof vi.spyOn>;
let Ours: typeof Library.ResilientEventSource;
const sources: { close(): void }[] = [];
beforeAll(async () => {
  server = await FaultServer.start();
});
afterAll(() => server.close());
beforeEach(async () => {
  // A page of its own: the warning comes once in a page.
  vi.resetModules();
  warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  ({ ResilientEventSource: Ours } = await import("../../src/index.ts"));
});
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
  vi.restoreAllMocks();
});

function connect(url: string, options: Library.ResilientEventSourceOptions = {}) {
  const source = new Ours(url, { backoff: { startingDelay: 0 }, ...options });
  sources.push(source);
  const heard: [data: string, lastEventId: string][] = [];
  source.on("message", (data, { lastEventId }) => heard.push([data, lastEventId]));
  return { source, heard };
}

const block = (id: string, data: string): string => `id: ${id}\ndata: ${data}\n\n`;

/** Serves an event with a good id, events with the given one, and a cut; then another event. */
function cutAfter(id: string): Route {
  return new Route(server, [
    (_, connection) =>
      connection
        .head()
        .write(block("1", "a") + block(id, "b") + block(id, "c"))
        .end(),
    stream(block("2", "end")),
  ]);
}

test.each(Object.entries(unsendable))("an id with %s is ignored", async (_, id) => {
  for (const resume of ["header", { query: "lastEventId" }] as const) {
    const route = cutAfter(id);
    const { source, heard } = connect(route.url, { resume });
    await expect.poll(() => heard.at(-1)).toEqual(["end", "2"]);
    // As the standard ignores an id with U+0000: the events keep the id before it.
    expect(heard.slice(0, -1)).toEqual([
      ["a", "1"],
      ["b", "1"],
      ["c", "1"],
    ]);
    expect(route.resumedAfter).toEqual(["", "1"]);
    source.close();
  }
  // Once, not for each of the four events.
  expect(warn.mock.calls).toEqual([[expect.stringContaining("that no request can carry")]]);
});

test.each(Object.entries(sendable))("an id with %s is sent as it is", async (_, id) => {
  for (const resume of ["header", { query: "lastEventId" }] as const) {
    const route = cutAfter(id);
    const { source, heard } = connect(route.url, { resume });
    await expect.poll(() => heard.at(-1)).toEqual(["end", "2"]);
    expect(route.resumedAfter).toEqual(["", id]);
    source.close();
  }
  expect(warn).not.toHaveBeenCalled();
});

test("a server whose ids are all too long: the stream goes on, without a resume point", async () => {
  const id = "x".repeat(130_000);
  const route = new Route(server, [
    (_, connection) => connection.head().write(block(id, "a")).end(),
    stream(block(id, "b")),
  ]);
  const { source, heard } = connect(route.url);
  const resumedFrom: string[] = [];
  source.addEventListener("open", (event) => resumedFrom.push(event.resumedFrom));
  await expect.poll(() => heard.at(-1)).toEqual(["b", ""]);
  expect(resumedFrom).toEqual(["", ""]);
});

test("the option lastEventId with 200,000 characters: the stream begins without it", async () => {
  for (const id of ["x".repeat(200_000), "a\x01b"]) {
    const route = new Route(server, [stream(block("1", "a"))]);
    const { source, heard } = connect(route.url, { lastEventId: id });
    await expect.poll(() => heard).toEqual([["a", "1"]]);
    expect(route.arrivals.map(({ request }) => resumePoint(request))).toEqual([""]);
    source.close();
  }
  expect(warn).toHaveBeenCalledTimes(1);
});

test("a transport that reports such ids: the connection before it counts", async () => {
  const asked: string[] = [];
  const ids = ["1", "x".repeat(9000), "\x7f", "2"];
  connect("https://a.example/", {
    lastEventId: "0",
    transport: (request, sink) => {
      asked.push(request.lastEventId);
      const lastEventId = ids[asked.length - 1];
      if (lastEventId === undefined) return new Promise(() => undefined);
      sink.open();
      sink.event("message", "a", { lastEventId, origin: "" });
      return Promise.resolve();
    },
  });
  await expect.poll(() => asked).toEqual(["0", "1", "1", "1", "2"]);
});
