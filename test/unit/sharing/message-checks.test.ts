import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isMessage } from "../../../src/sharing/message-checks.ts";
import type { Message } from "../../../src/sharing/messages.ts";

const event = {
  type: "message",
  data: "",
  lastEventId: "1",
  origin: "",
  idInherited: false,
  connection: 1,
};
const mark = { from: "a", term: 1, number: 0 };
const state = { kind: "state", ...mark, lastEventId: "", names: ["message"] } as const;

/** One message of each shape. */
const messages: Message[] = [
  { kind: "hello", from: "a", lastEventId: "", names: [], reconnectNow: false },
  { kind: "names", names: ["a"] },
  { kind: "ping" },
  { kind: "drain", within: 0 },
  { kind: "pong", ...mark },
  { kind: "activity", ...mark },
  { kind: "retry", ...mark, ms: 1 },
  { kind: "lastEventId", ...mark, lastEventId: "1" },
  { kind: "events", ...mark, events: [event] },
  { ...state, state: { status: "connecting", isUnrepeatable: false } },
  {
    ...state,
    state: {
      status: "open",
      isUnrepeatable: true,
      code: 200,
      headers: [["a", "b"]],
      connection: 1,
    },
  },
  {
    ...state,
    state: { status: "failed", isUnrepeatable: false, error: { message: "", reason: "network" } },
  },
  {
    ...state,
    state: {
      status: "failed",
      isUnrepeatable: true,
      error: { message: "", reason: "status", status: 503, retryAfter: 1 },
      retryAt: 1,
    },
    answer: { to: "a", after: "1", missed: [event], sticky: [event] },
  },
  {
    ...state,
    state: { status: "connecting", isUnrepeatable: false },
    answer: { to: "a", after: "", missed: null, sticky: [] },
  },
];

/** Every path to a field. */
function pathsOf(value: unknown): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [key],
    ...pathsOf(inner).map((path) => [key, ...path]),
  ]);
}

function set(target: unknown, [key, ...rest]: string[], value: unknown): void {
  const object = target as Record<string, unknown>;
  if (rest.length) set(object[key!], rest, value);
  else object[key!] = value;
}

describe("a message", () => {
  test.each(messages.map((message) => [JSON.stringify(message), message]))("%s", (_, message) => {
    expect(isMessage(message)).toBe(true);
    expect(isMessage(structuredClone(message))).toBe(true);
  });

  test.each(messages.map((message) => [JSON.stringify(message), message]))(
    "with any field of another type is none: %s",
    (_, message) => {
      for (const path of pathsOf(message))
        for (const wrong of [
          null,
          Symbol.iterator,
          1n,
          NaN,
          Infinity,
          new Map(),
          Array(2),
          { a: 1 },
        ]) {
          const copy = structuredClone(message);
          set(copy, path, wrong);
          // Null says that the history does not reach back.
          const isFine = wrong === null && path.at(-1) === "missed";
          expect([path, wrong, isMessage(copy)]).toEqual([path, wrong, isFine]);
        }
    },
  );

  test.each([undefined, null, 1, "hello", [], {}, { kind: "constructor" }, { kind: "toString" }])(
    "%j is none",
    (value) => {
      expect(isMessage(value)).toBe(false);
    },
  );

  test("random values are none, and none makes it throw", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withDate: true }), (value) => {
        expect(isMessage(value)).toBe(false);
        expect(typeof isMessage({ ...(value as object), kind: "state" })).toBe("boolean");
      }),
      { numRuns: 2000 },
    );
  });
});
