import { describe, expect, test } from "vitest";
import { createParser, LONGEST_EVENT } from "../../../../src/transport/http/parser.ts";
import { usedHeap } from "../../../support/unit/memory.ts";

/** The longest chunk of a response that reaches the parser. */
const CHUNK = 2 ** 16;

const ignoring: Parameters<typeof createParser>[0] = {
  event: () => undefined,
  lastEventId: () => undefined,
  retry: () => undefined,
};

/** A text of this length that shares no memory with any other. */
function fresh(text: string, length = text.length): string {
  const times = Math.ceil(length / text.length);
  return Buffer.alloc(times * Buffer.byteLength(text), text).toString();
}

interface Fed {
  /** How much the parser kept in memory, at the most. */
  kept: number;
  failed: boolean;
  events: number;
}

/** Feeds a parser with `start`, then with `text` so many times, or until it fails. */
function feed(text: string, chunks: number, start = ""): Fed {
  const before = usedHeap();
  const parser = createParser(ignoring, "", "https://example.com");
  const fed: Fed = { kept: 0, failed: false, events: 0 };
  const look = (): void => {
    fed.kept = Math.max(fed.kept, usedHeap() - before);
  };
  try {
    parser.feed(start);
    for (let chunk = 1; chunk <= chunks; chunk++) {
      while (parser.next()) fed.events++;
      if (chunk % Math.ceil(chunks / 4) === 0) look();
      parser.feed(text.length < 100 ? text : fresh(text));
    }
    while (parser.next()) fed.events++;
  } catch (error) {
    expect(error).toMatchObject({ name: "ConnectionError", reason: "unsupported" });
    fed.failed = true;
  }
  look();
  // It is in memory up to here.
  expect(parser.next()).toBe(false);
  return fed;
}

/** A comment that fills the rest of a chunk, to be kept by whatever is cut out of this chunk. */
const around = (line: string): string => `:${"x".repeat(CHUNK - line.length - 2)}\n${line}`;
const COUNT = (3 * LONGEST_EVENT) / CHUNK;
const TINY = LONGEST_EVENT / 16;

describe("an event that never ends", () => {
  // One line in large chunks, up to the limit.
  const harmless = feed("x".repeat(CHUNK), 0.9 * (LONGEST_EVENT / CHUNK), "data: ");

  test("is kept up to the limit", () => {
    expect(harmless).toMatchObject({ failed: false, events: 0 });
    expect(harmless.kept).toBeGreaterThan(0.8 * LONGEST_EVENT);
  });

  test.each<[string, text: string, chunks: number, start?: string]>([
    ["a line", "x".repeat(CHUNK), COUNT, "data: "],
    ["a line without a colon", "x".repeat(CHUNK), COUNT],
    ["a line of one-character chunks", "x", TINY, "data: "],
    ["the name of an unknown field", "unknown".repeat(CHUNK / 8), COUNT],
    ["lines without a value", "data\n".repeat(CHUNK / 5), 5 * COUNT],
    ["lines without a value, one a chunk", "data\n", TINY],
    ["lines with a value, one a chunk", "data: 0123456789abcdef\n", TINY],
    ["CR lines without a value", "data\r".repeat(CHUNK / 5), 5 * COUNT],
    ["long lines", `data: ${"x".repeat(CHUNK - 7)}\n`, COUNT],
    [
      "a long type, and lines",
      "data: x\n".repeat(CHUNK / 8),
      8 * COUNT,
      `event: ${"x".repeat(LONGEST_EVENT / 2)}\n`,
    ],
    [
      "a long id, and lines",
      "data: x\n".repeat(CHUNK / 8),
      8 * COUNT,
      `id: ${"x".repeat(LONGEST_EVENT / 2)}\n`,
    ],
  ])("is refused at a bound: %s", (_, text, chunks, start) => {
    const { failed, events, kept } = feed(text, chunks, start);
    expect({ failed, events }).toEqual({ failed: true, events: 0 });
    expect(kept / harmless.kept).toBeLessThan(2.5);
  });

  test.each<[string, text: string, chunks: number, start?: string]>([
    ["a comment", "x".repeat(CHUNK), COUNT, ":"],
    ["a comment of one-character chunks", "x", TINY, ":"],
    ["comments", ": x\n".repeat(CHUNK / 4), COUNT],
    ["blank lines", "\n".repeat(CHUNK), COUNT],
    ["unknown fields", "unknown: x\n".repeat(CHUNK / 11), COUNT],
    ["types", around("event: 0123456789abcdef\n"), COUNT],
    ["ids", around("id: 0123456789abcdef\n"), COUNT],
    ["ids of blocks without data", around("id: 0123456789abcdef\n\n"), COUNT],
    ["a line in each chunk", around("data: 0123456789abcdef\n"), COUNT],
  ])("takes no memory: %s", (_, text, chunks, start) => {
    const { failed, kept } = feed(text, chunks, start);
    expect(failed).toBe(false);
    expect(kept / harmless.kept).toBeLessThan(0.05);
  });
});

test("what an event left behind is not kept with its chunk", () => {
  const before = usedHeap();
  const parsers = Array.from({ length: 200 }, () => {
    const parser = createParser(ignoring, "", "https://example.com");
    const lines = "id: 0123456789abcdef\nevent: 0123456789abcdef\ndata: 0123456789abcdef\n\n";
    parser.feed(fresh(around(lines)));
    while (parser.next());
    return parser;
  });
  // A parser takes about 1 KB. What V8 allocates or frees on its own adds about as much for each.
  expect((usedHeap() - before) / parsers.length).toBeLessThan(CHUNK / 8);
  // They are in memory up to here.
  expect(parsers.some((parser) => parser.next())).toBe(false);
});

describe("work grows with the length of a stream, not with its square", () => {
  /** How long it takes to parse 8 Mi characters of this text, in milliseconds of CPU. */
  const cost = (text: string, chunkLength: number, start = ""): number => {
    const whole = start + fresh(text, 2 ** 23);
    const parser = createParser(ignoring, "", "https://example.com");
    const { user } = process.cpuUsage();
    for (let at = 0; at < whole.length; at += chunkLength) {
      parser.feed(whole.slice(at, at + chunkLength));
      while (parser.next());
    }
    return (process.cpuUsage().user - user) / 1000;
  };

  test.each<[string, text: string, chunkLength: number, start?: string]>([
    ["a line in many chunks", "x", 1024, "data: "],
    ["many lines of one event in many chunks", "data: x\n", 1024],
    ["lines that end with CR", "data: x\r", CHUNK],
    ["lines that end with LF, and one CR far away", "data: x\n", 2 ** 23, ""],
    ["lines without a colon", "data\n", 2 ** 23],
    ["blank lines", "\r", 2 ** 23],
  ])("%s", (_, text, chunkLength, start) => {
    const harmless = cost("data: x\n\n", 1024);
    expect(cost(text, chunkLength, start) / harmless).toBeLessThan(20);
  });
});
