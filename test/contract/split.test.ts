import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createEventStream } from "../../src/transport/http/event-stream.ts";
import { cut, cuts, eventStreams } from "../support/unit/event-streams.ts";

const ORIGIN = "https://example.com";
const INHERITED = "inherited";

interface Heard {
  events: { type: string; data: string; lastEventId: string; idInherited: boolean }[];
  /** The id that a reconnect would send if the stream ended here. */
  resumePoint: string;
  /** The order of a `retry` and the events around it does not matter. */
  retries: number[];
}

/** An id that HTTP forbids in a header is ignored, which the standard does not say. */
// oxlint-disable-next-line no-control-regex -- that is what it finds
const FORBIDDEN = /[\0-\x08\x0a-\x1f\x7f]/;

/**
 * The standard's algorithm, line by line.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
function interpret(bytes: Uint8Array): Heard {
  const heard: Heard = { events: [], resumePoint: INHERITED, retries: [] };
  let lastEventId = INHERITED;
  let idInherited = true;
  let id: string | undefined;
  let data: string | undefined;
  let type = "";

  const text = new TextDecoder().decode(bytes);
  const lines = text.split(/\r\n|\n|\r/);
  // "Once the end of the file is reached, any pending data must be discarded."
  lines.pop();
  for (const line of lines) {
    if (line === "") {
      if (id !== undefined) {
        heard.resumePoint = lastEventId = id;
        idInherited = false;
      }
      if (data !== undefined)
        heard.events.push({ type: type || "message", data, lastEventId, idInherited });
      [id, data, type] = [undefined, undefined, ""];
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") type = value;
    else if (field === "data") data = data === undefined ? value : `${data}\n${value}`;
    else if (field === "id" && !FORBIDDEN.test(value)) id = value;
    else if (field === "retry" && /^[0-9]+$/.test(value)) heard.retries.push(parseInt(value, 10));
  }
  return heard;
}

/** Our parser's result for the same bytes, cut at these places. */
function parse(bytes: Uint8Array, places: number[]): Heard {
  const heard: Heard = { events: [], resumePoint: INHERITED, retries: [] };
  const stream = createEventStream(
    {
      open: () => {},
      activity: () => {},
      event: (type, data, { lastEventId, idInherited = false }) => {
        heard.resumePoint = lastEventId;
        heard.events.push({ type, data, lastEventId, idInherited });
      },
      lastEventId: (id) => (heard.resumePoint = id),
      retry: (ms) => heard.retries.push(ms),
    },
    INHERITED,
    ORIGIN,
  );
  const decoder = new TextDecoder();
  for (const piece of cut(bytes, places)) {
    stream.feed(decoder.decode(piece, { stream: true }));
    while (stream.next());
  }
  return heard;
}

const encode = (text: string) => new TextEncoder().encode(text);
const streams = eventStreams.map(encode);

/** Bytes with a meaning, mixed with any others. */
const anyBytes = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...["data:", "id:", "id", "data", "\n", "\n\n", "\r", "\r\n", "x"].map(encode),
      ),
      fc.uint8Array({ maxLength: 4 }),
    ),
    { maxLength: 80 },
  )
  .map((pieces) => Uint8Array.from(pieces.flatMap((piece) => [...piece])));

describe("a stream cut at any bytes is parsed as the standard says", () => {
  it("when it consists of lines", () => {
    fc.assert(
      fc.property(streams, cuts, (bytes, places) => {
        expect(parse(bytes, places)).toEqual(interpret(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  it("when it consists of any bytes", () => {
    fc.assert(
      fc.property(anyBytes, cuts, (bytes, places) => {
        expect(parse(bytes, places)).toEqual(interpret(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  it("when every byte arrives alone", () => {
    fc.assert(
      fc.property(streams, (bytes) => {
        expect(parse(bytes, Array.from(bytes.keys()))).toEqual(interpret(bytes));
      }),
      { numRuns: 100 },
    );
  });

  describe("when listeners are so slow that most of it is late", () => {
    afterEach(() => vi.restoreAllMocks());

    it.each([5, 13])("%i ms pass between two looks at the clock", (ms) => {
      let now = 0;
      vi.spyOn(performance, "now").mockImplementation(() => (now += ms));
      fc.assert(
        fc.property(streams, cuts, (bytes, places) => {
          expect(parse(bytes, places)).toEqual(interpret(bytes));
        }),
        { numRuns: 300 },
      );
    });
  });
});
