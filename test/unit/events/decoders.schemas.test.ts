import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import {
  InvalidEvent,
  iterate,
  ResilientEventSource,
  text,
  type Decoder,
  type Issue,
} from "../../../src/index.ts";
import { connectFake } from "../../support/unit/fake.ts";
import { takeReports, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

interface Price {
  eur: number;
  at: Date;
}

interface Library {
  readonly price: Decoder<Price> & { "~standard": { validate(value: unknown): unknown } };
  /** Trims the text, then converts it to a number. */
  readonly number: Decoder<number>;
}

const libraries: Record<string, Library> = {
  zod: {
    price: z.object({ eur: z.number().positive(), at: z.coerce.date() }),
    number: text(z.string().trim().regex(/^\d+$/).transform(Number)),
  },
  valibot: {
    price: v.object({
      eur: v.pipe(v.number(), v.minValue(0.01)),
      at: v.pipe(
        v.string(),
        v.isoDate(),
        v.transform((at) => new Date(at)),
      ),
    }),
    number: text(v.pipe(v.string(), v.trim(), v.digits(), v.transform(Number))),
  },
  arktype: {
    price: type({ eur: "number > 0", at: "string.date.parse" }),
    number: text(type("string.trim").to("string.integer.parse")),
  },
};

const good = (eur: number) => ({ eur, at: "2026-11-23" });
const decoded = (eur: number): Price => ({ eur, at: new Date("2026-11-23") });

describe.each(Object.entries(libraries))("a schema of %s", (_, { price, number }) => {
  test("every kind of listener gets its output, not its input", async () => {
    const { source, stream } = await connectFake({ price, message: price });
    const heard: [string, Price][] = [];
    const iteration = iterate(source, "price");
    source.on("price", (payload, { lastEventId }) => heard.push([`on ${lastEventId}`, payload]));
    source.addEventListener("price", (event) =>
      heard.push([`addEventListener ${event.lastEventId}`, event.data]),
    );
    source.onmessage = (event) => heard.push([`onmessage ${event.lastEventId}`, event.data]);

    stream.send("price", good(1), { id: "a" });
    stream.send("message", good(2), { id: "b" });

    expect(heard).toEqual([
      ["on a", decoded(1)],
      ["addEventListener a", decoded(1)],
      ["onmessage b", decoded(2)],
    ]);
    expect(await iteration.next()).toEqual({ done: false, value: decoded(1) });
  });

  test("a refusal in a burst affects no other event, its id counts, and it is not replayed", async () => {
    const { source, stream } = await connectFake({ price });
    const prices: [Price, string][] = [];
    const invalid: InvalidEvent[] = [];
    source.on("price", (payload, { lastEventId }) => prices.push([payload, lastEventId]));
    source.addEventListener("invalid", (event) => invalid.push(event));

    stream.send("price", good(1), { id: "1" });
    stream.send("price", good(-2), { id: "2" });
    stream.send("price", { eur: "3" }, { id: "3" });
    stream.send("price", good(4), { id: "4" });
    stream.send("price", good(5));
    stream.send("price", good(-6), { id: "6" });

    expect(prices).toEqual([
      [decoded(1), "1"],
      [decoded(4), "4"],
      [decoded(5), "4"],
    ]);
    expect(invalid.map(({ eventType, raw, lastEventId }) => [eventType, raw, lastEventId])).toEqual(
      [
        ["price", '{"eur":-2,"at":"2026-11-23"}', "2"],
        ["price", '{"eur":"3"}', "3"],
        ["price", '{"eur":-6,"at":"2026-11-23"}', "6"],
      ],
    );
    expect(source.lastEventId).toBe("6");

    stream.drop();
    await tick(1000);
    expect(stream.requests.map(({ lastEventId }) => lastEventId)).toEqual(["", "6"]);
    stream.send("price", good(7), { id: "7" });
    expect(prices.at(-1)).toEqual([decoded(7), "7"]);
    expect(invalid).toHaveLength(3);
  });

  test("the invalid event has the issues of the schema", async () => {
    const { source, stream } = await connectFake({ price });
    const invalid: InvalidEvent[] = [];
    source.on("price", () => expect.unreachable());
    source.addEventListener("invalid", (event) => invalid.push(event));

    stream.send("price", { eur: "1", at: "never" });

    const { issues } = price["~standard"].validate({ eur: "1", at: "never" }) as {
      issues: Issue[];
    };
    const readable = (list: readonly Issue[]) =>
      list.map(({ message, path }) => [
        message,
        path && Array.from(path, (key) => (typeof key === "object" ? key.key : key)),
      ]);
    expect(readable(invalid[0]!.issues)).toEqual(readable(issues));
    expect(readable(invalid[0]!.issues).map(([, path]) => path)).toEqual([["eur"], ["at"]]);
  });

  test("is not called with data that is not JSON", async () => {
    const { source, stream } = await connectFake({ price });
    const invalid: InvalidEvent[] = [];
    source.on("price", () => expect.unreachable());
    source.addEventListener("invalid", (event) => invalid.push(event));

    for (const raw of ["", "{", "{eur: 1}", "undefined"]) stream.send("price", raw);

    expect(invalid.map(({ raw }) => raw)).toEqual(["", "{", "{eur: 1}", "undefined"]);
    for (const { issues } of invalid)
      expect(issues).toEqual([{ message: expect.stringMatching(/JSON/) }]);
  });

  test("gets the text itself with text()", async () => {
    const { source, stream } = await connectFake({ number });
    const heard: unknown[] = [];
    source.on("number", (payload) => heard.push(payload));
    source.addEventListener("invalid", ({ raw, issues }) => heard.push([raw, issues.length]));

    for (const raw of [" 42 ", "007", '"42"', "x"]) stream.send("number", raw);

    expect(heard).toEqual([42, expect.anything(), ['"42"', 1], ["x", 1]]);
  });
});

describe("an asynchronous schema refuses every payload, and the issue says why", () => {
  const late = "the schema validates asynchronously, which would break the order of events";
  const schemas: Record<string, Decoder<unknown>> = {
    "zod's async refinement": z.string().refine(async () => Promise.resolve(true)),
    "valibot's async pipe": v.pipeAsync(
      v.string(),
      v.checkAsync(async () => Promise.resolve(true)),
    ),
    "an async validate": {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async (value) => Promise.resolve({ value }),
      },
    },
    // Its rejection must be handled.
    "an async validate that fails": {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async () => Promise.reject(new Error("no")),
      },
    },
    "the same on text": text({
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async (value) => Promise.resolve({ value }),
      },
    }),
  };

  test.each(Object.entries(schemas))("%s", async (_, late_) => {
    const { source, stream } = await connectFake({ late: late_, price: Number });
    const heard: unknown[] = [];
    source.on("late", (payload) => heard.push(payload));
    source.on("price", (payload) => heard.push(payload));
    source.addEventListener("invalid", ({ eventType, raw, issues, lastEventId }) =>
      heard.push({ eventType, raw, issues, lastEventId }),
    );

    stream.send("late", '"x"', { id: "1" });
    stream.send("price", "2", { id: "2" });
    await tick();

    expect(heard).toEqual([
      { eventType: "late", raw: '"x"', issues: [{ message: late }], lastEventId: "1" },
      2,
    ]);
    expect(source.lastEventId).toBe("2");
  });
});

test("a schema that throws refuses the payload, as one that finds issues", async () => {
  const validate = (): never => {
    throw new RangeError("out of schemas");
  };
  const { source, stream } = await connectFake({
    price: { "~standard": { version: 1, vendor: "test", validate } },
  });
  const issues: unknown[] = [];
  source.on("price", () => expect.unreachable());
  source.addEventListener("invalid", (event) => issues.push(event.issues));
  stream.send("price", 1);
  expect(issues).toEqual([[{ message: "out of schemas" }]]);
});

test("a refusal without a listener is reported, with the event as the cause", async () => {
  const { source, stream } = await connectFake({ price: libraries["zod"]!.price });
  source.on("price", () => expect.unreachable());
  stream.send("price", good(-1), { id: "1" });
  const [report, ...others] = takeReports() as TypeError[];
  expect(others).toEqual([]);
  expect(report).toBeInstanceOf(TypeError);
  expect(report!.message).toMatch(/^invalid "price" event: /);
  expect(report!.cause).toBeInstanceOf(InvalidEvent);
  expect(report!.cause).toMatchObject({ eventType: "price", lastEventId: "1" });
});

describe("decoders that exist for the types only are a TypeError", () => {
  class Decoders {
    price(data: string): number {
      return Number(data);
    }
  }
  const expected = /^events must be a plain object of decoders, got an object$/;

  test.each<[string, { price: (data: string) => number } | { __proto__: unknown }]>([
    ["methods of a class", new Decoders()],
    ["inherited ones", Object.create({ price: Number }) as { price: (data: string) => number }],
    ["one named __proto__ that became the prototype, a function", { __proto__: Number }],
    [
      "one named __proto__ that became the prototype, a schema",
      { __proto__: libraries["valibot"]!.price },
    ],
  ])("%s", (_, events) => {
    expect(
      () =>
        new ResilientEventSource("https://example.com", {
          events: events as { price: (data: string) => number },
        }),
    ).toThrow(expected);
  });

  test.each<[string, object]>([
    ["an object literal", { price: Number }],
    [
      "one without a prototype, such as a module's namespace",
      Object.assign(Object.create(null) as object, { price: Number }),
    ],
    ["a name like __proto__, computed", { price: Number, ["__proto__"]: Number }],
  ])("but not %s", async (_, events) => {
    const { source, stream } = await connectFake(events as { price: (data: string) => number });
    const heard: unknown[] = [];
    source.on("price", (payload) => heard.push(payload));
    stream.send("price", "1");
    expect(heard).toEqual([1]);
  });
});
