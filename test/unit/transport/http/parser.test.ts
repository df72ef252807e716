import { createParser as createOracle } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
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
  const parser = createParser("", ORIGIN, (ms) => parsed.retries.push(ms));
  for (const piece of pieces) {
    parser.feed(piece);
    for (let event; (event = parser.next());) {
      const { type, data, meta } = event;
      parsed.events.push({ type, data, lastEventId: meta.lastEventId });
    }
  }
  parsed.lastEventId = parser.meta.lastEventId;
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

  test("one at a time, in the same object", () => {
    const parser = createParser("7", ORIGIN, () => undefined);
    parser.feed("data: a\n\nevent: b\ndata: b\nid: 8\n\n");
    const first = parser.next();
    const meta = first?.meta;
    expect({ ...first }).toEqual({
      type: "message",
      data: "a",
      meta: { lastEventId: "7", origin: ORIGIN, idInherited: true },
    });
    expect(parser.next()).toBe(first);
    expect({ ...first }).toEqual({
      type: "b",
      data: "b",
      meta: { lastEventId: "8", origin: ORIGIN },
    });
    expect(meta?.lastEventId).toBe("7");
    expect(parser.next()).toBeUndefined();
  });
});
