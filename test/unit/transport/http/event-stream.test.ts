import { afterEach, describe, expect, test, vi } from "vitest";
import { createEventStream } from "../../../../src/transport/http/event-stream.ts";
import { LONGEST_EVENT } from "../../../../src/transport/http/parser.ts";

/** The length of a task that users begin to feel, in milliseconds. */
const LONG_TASK = 50;
const EVENTS = 50_000;

afterEach(() => vi.restoreAllMocks());

/** How long each turn takes when the n-th listener call takes `cost(n)` ms and nothing else takes any time. */
function turns(cost: (call: number) => number): {
  turns: number[];
  heard: string[];
  resumePoint: string;
} {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const heard: string[] = [];
  let resumePoint = "";
  const stream = createEventStream(
    {
      open: () => {},
      activity: () => {},
      retry: () => {},
      event: (_type, data, { lastEventId }) => {
        now += cost(heard.length);
        heard.push(data);
        resumePoint = lastEventId;
      },
      lastEventId: (id) => (resumePoint = id),
    },
    "",
    "https://example.com",
  );
  stream.feed(
    Array.from({ length: EVENTS }, (_, n) => `id: ${n}\ndata: ${n}\n\n`).join("") + "id: end\n\n",
  );
  const turns = [];
  for (let more = true; more;) {
    const began = now;
    more = stream.next();
    turns.push(now - began);
  }
  return { turns, heard, resumePoint };
}

describe("a burst of events hands the page back in time", () => {
  test.each([
    ["cheap", () => 0.0001],
    ["of 0.1 ms each", () => 0.1],
    ["of 5 ms each", () => 5],
    // Wherever in a stride that is.
    ...Array.from({ length: 8 }, (_, n) => [
      `that slow down after ${EVENTS / 2 + 9 * n} calls`,
      (call: number) => (call < EVENTS / 2 + 9 * n ? 0.0001 : 0.5),
    ]),
    ["one of which takes long", (call: number) => (call === EVENTS / 2 ? 30 : 0.01)],
  ] as [string, (call: number) => number][])("listeners %s", (_, cost) => {
    const { turns: all, heard, resumePoint } = turns(cost);
    expect(heard).toEqual(Array.from({ length: EVENTS }, (_, n) => String(n)));
    expect(resumePoint).toBe("end");
    expect(Math.max(...all)).toBeLessThan(LONG_TASK);
    // And no more often than it has to: a turn that is given back too early costs throughput.
    const total = all.reduce((sum, ms) => sum + ms);
    expect(all.length).toBeLessThanOrEqual(1 + total / 10);
  });
});

describe("an event that is too long", () => {
  /** The error for a text that comes in chunks of this length, and what the sink got before it. */
  function tooLong(chunkLength: number): { error: unknown; heard: string[] } {
    const heard: string[] = [];
    const nothing = (): void => undefined;
    const stream = createEventStream(
      {
        open: nothing,
        activity: nothing,
        retry: nothing,
        lastEventId: (id) => heard.push(`id ${id}`),
        event: (_type, data) => heard.push(data),
      },
      "",
      "https://example.com",
    );
    const text = `data: before\n\nid: 7\n\ndata: ${"x".repeat(2 * LONGEST_EVENT)}`;
    try {
      for (let start = 0; start < text.length; start += chunkLength) {
        stream.feed(text.slice(start, start + chunkLength));
        while (stream.next());
      }
    } catch (error) {
      return { error, heard };
    }
    throw new Error("nothing was thrown");
  }

  test.each([2 ** 16, 2 ** 20, 3 * LONGEST_EVENT])(
    "is the same error, whatever the chunks: %i characters",
    (chunkLength) => {
      const { error, heard } = tooLong(chunkLength);
      expect(error).toMatchObject({ name: "ConnectionError", reason: "unsupported" });
      expect(heard).toEqual(["before", "id 7"]);
    },
  );
});
