import { createParser as createOracle } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { createParser } from "../../../../src/transport/http/parser.ts";
import { PATIENCE } from "../../../support/patience.ts";
import { cut, cuts, eventStreams } from "../../../support/unit/event-streams.ts";

const ORIGIN = "https://example.com";

interface Parsed {
  events: { type: string; data: string; lastEventId: string }[];
  lastEventId: string;
  retries: number[];
}

function parse(pieces: readonly string[]): Parsed {
  const parsed: Parsed = { events: [], lastEventId: "", retries: [] };
  const parser = createParser(
    {
      event(type, data, { lastEventId }) {
        parsed.events.push({ type, data, lastEventId });
        parsed.lastEventId = lastEventId;
      },
      lastEventId: (id) => (parsed.lastEventId = id),
      retry: (ms) => parsed.retries.push(ms),
    },
    "",
    ORIGIN,
  );
  for (const piece of pieces) {
    parser.feed(piece);
    while (parser.next());
  }
  return parsed;
}

function parseByOracle(pieces: readonly string[]): Parsed {
  const parsed: Parsed = { events: [], lastEventId: "", retries: [] };
  const oracle = createOracle({
    onId: (id) => (parsed.lastEventId = id),
    onEvent: ({ event = "message", data }) =>
      parsed.events.push({ type: event, data, lastEventId: parsed.lastEventId }),
    onRetry: (ms) => parsed.retries.push(ms),
  });
  // The oracle would remove a byte order mark, which is the decoder's work for us.
  oracle.feed("\n");
  for (const piece of pieces) oracle.feed(piece);
  return parsed;
}

/** `npm run test:parser` sets it. */
const streams = Number(process.env["STREAMS"] ?? 3000);

test(
  `${streams} random streams, cut at random, give the same as eventsource-parser`,
  { timeout: 3 * PATIENCE + 10 * streams },
  () => {
    fc.assert(
      fc.property(eventStreams, cuts, (text, places) => {
        // We ignore every id with a control character, the oracle those with NUL.
        // oxlint-disable-next-line no-control-regex
        const pieces = cut(text.replace(/[\x01-\x08\v\f\x0e-\x1f\x7f]/g, "\0"), places);
        expect(parse(pieces)).toEqual(parseByOracle(pieces));
      }),
      { numRuns: streams },
    );
  },
);

describe("an event is given", () => {
  test.each<[string, string[], number]>([
    ["with LF", ["data: a\n", "\n"], 2],
    ["with CRLF", ["data: a\r\n", "\r\n"], 2],
    ["with the CR of a CRLF that is cut in two", ["data: a\r\n\r", "\n"], 1],
    ["with a CR", ["data: a\r", "\r", "\n"], 2],
    ["with the second LF after a CR", ["data: a\r", "\n", "", "\n"], 4],
    ["not with the LF of a CRLF, though nothing came in between", ["data: a\r", "", "\n"], 0],
  ])("%s", (_, pieces, chunks) => {
    const counts = pieces.map((__, index) => parse(pieces.slice(0, index + 1)).events.length);
    expect(counts.indexOf(1) + 1).toBe(chunks);
  });

  test("one at a time", () => {
    const sink = { event: vi.fn(), lastEventId: vi.fn(), retry: vi.fn() };
    const parser = createParser(sink, "7", ORIGIN);
    parser.feed("data: a\n\nretry: 5\nevent: b\ndata: b\nid: 8\n\n");
    expect(parser.next()).toBe(true);
    const first = { lastEventId: "7", origin: ORIGIN, idInherited: true };
    expect(sink.event.mock.calls).toEqual([["message", "a", first]]);
    expect(sink.retry).not.toHaveBeenCalled();
    expect(parser.next()).toBe(true);
    const second = { lastEventId: "8", origin: ORIGIN };
    expect(sink.event.mock.calls).toEqual([
      ["message", "a", first],
      ["b", "b", second],
    ]);
    expect(sink.retry.mock.calls).toEqual([[5]]);
    expect(parser.next()).toBe(false);
    expect(sink.lastEventId).not.toHaveBeenCalled();
  });
});

test("an id without an event is passed on once per text, unless a later event carries it", () => {
  const lastEventId = vi.fn();
  const parser = createParser({ event: vi.fn(), lastEventId, retry: vi.fn() }, "", ORIGIN);
  const idsFrom = (text: string): unknown[] => {
    parser.feed(text);
    while (parser.next());
    return lastEventId.mock.calls.splice(0);
  };
  expect(idsFrom("id: 1\n\nid: 2\n\n")).toEqual([["2", ORIGIN]]);
  expect(idsFrom("id: 3\n\ndata: a\n\n")).toEqual([]);
  expect(idsFrom("data: b\n\nid: 4\n\nid: 5\n")).toEqual([["4", ORIGIN]]);
  expect(idsFrom("\n:\n\n")).toEqual([["5", ORIGIN]]);
  expect(idsFrom(":\n\n")).toEqual([]);
});
