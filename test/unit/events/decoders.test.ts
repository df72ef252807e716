import { describe, expect, test, vi } from "vitest";
import {
  json,
  ResilientEventSource,
  text,
  type Decoders,
  type InvalidEvent,
} from "../../../src/index.ts";
import { connectFake } from "../../support/unit/fake.ts";
import { FakeServer, ORIGIN } from "../../support/unit/server.ts";
import { takeReports, tick, track, useWorld } from "../../support/unit/world.ts";

useWorld();

/** A Standard Schema with this `validate`. */
function schema<T>(validate: (value: unknown) => any) {
  return { "~standard": { version: 1, vendor: "test", validate } } as unknown as Decoders<{
    x: T;
  }>["x"] & { "~standard": any };
}

const throwing = (thrown: unknown) => (): never => {
  throw thrown;
};

const positive = schema<number>((value) =>
  typeof value === "number" && value > 0
    ? { value }
    : { issues: [{ message: "not positive", path: ["deep"] }, { message: "really" }] },
);

/** An open source with these decoders; `invalid` collects the events of refused payloads. */
async function decoding<P extends object>(events: Decoders<P>, { listen = true } = {}) {
  const server = new FakeServer();
  const source = track(
    new ResilientEventSource<P>(`${ORIGIN}/`, { events, transport: server.transport } as any),
    server,
  ) as ResilientEventSource<any>;
  const invalid: InvalidEvent[] = [];
  if (listen) source.addEventListener("invalid", (event) => invalid.push(event));
  await tick();
  server.latest.open();
  return {
    source,
    server,
    invalid,
    send: (type: string, data: string, id = "") => server.latest.send(data, { type, id }),
  };
}

describe("a payload comes from", () => {
  test("a function, which gets the text and nothing else", async () => {
    const decode = vi.fn((raw: string) => raw.length);
    const { source, send } = await decoding({ size: decode });
    const heard: unknown[] = [];
    source.on("size", (payload) => heard.push(payload));
    source.addEventListener("size", ({ data }: MessageEvent) => heard.push(data));
    send("size", "four");
    expect(heard).toEqual([4, 4]);
    expect(decode.mock.calls).toEqual([["four"]]);
  });

  test("a Standard Schema, which gets the parsed JSON and may transform it", async () => {
    const validate = vi.fn((value: unknown) => ({ value: { seen: value } }));
    const { source, send } = await decoding({ price: schema(validate) });
    const heard = vi.fn();
    source.on("price", heard);
    send("price", '{"cents":7}');
    expect(validate.mock.calls).toEqual([[{ cents: 7 }]]);
    expect(heard).toHaveBeenCalledWith({ seen: { cents: 7 } }, expect.anything());
  });

  test("a schema that is also a function (as in arktype) is used as a schema", async () => {
    const callable = Object.assign(
      () => "called as a function",
      schema<string>((value) => ({ value: `validated ${String(value)}` })),
    );
    const { source, send } = await decoding({ x: callable });
    const heard = vi.fn();
    source.on("x", heard);
    send("x", "7");
    expect(heard).toHaveBeenCalledWith("validated 7", expect.anything());
  });

  test("json(), trusted", async () => {
    const { source, send, invalid } = await decoding({ tick: json<{ a: number }>() });
    const heard = vi.fn();
    source.on("tick", heard);
    send("tick", '{"a":1}');
    send("tick", "{");
    expect(heard.mock.calls).toEqual([[{ a: 1 }, expect.anything()]]);
    expect(invalid).toHaveLength(1);
  });

  test("text(schema), which validates the text itself", async () => {
    const { source, send, invalid } = await decoding({
      word: text(
        schema<string>((value) =>
          value === "{" ? { value } : { issues: [{ message: "no brace" }] },
        ),
      ),
    });
    const heard = vi.fn();
    source.on("word", heard);
    send("word", "{");
    send("word", "}");
    expect(heard.mock.calls).toEqual([["{", expect.anything()]]);
    expect(invalid[0]).toMatchObject({ raw: "}", issues: [{ message: "no brace" }] });
  });

  test("the text if there is no decoder; message has no decoder by default", async () => {
    const plain = await decoding({ price: positive });
    const typed = await decoding({ message: json<number>() });
    const heard: unknown[] = [];
    plain.source.on("message", (data) => heard.push(data));
    typed.source.on("message", (data) => heard.push(data));
    plain.send("message", "1");
    typed.send("message", "1");
    expect(heard).toEqual(["1", 1]);
  });

  test("decoders of unusual names", async () => {
    const events = Object.fromEntries(
      ["__proto__", "constructor", "open", "error"].map((name) => [
        name,
        (raw: string) => `${name} ${raw}`,
      ]),
    );
    const { source, send } = await decoding(events);
    const heard: unknown[] = [];
    for (const name of [...Object.keys(events), "toString"]) {
      source.on(name, (payload) => heard.push(payload));
      send(name, "x");
    }
    expect(heard).toEqual([...Object.keys(events).map((name) => `${name} x`), "x"]);
  });

  test("any value: undefined, null and 0 are payloads", async () => {
    const values = [undefined, null, 0, "", false];
    let next = 0;
    const { source, send } = await decoding({ x: () => values[next++] });
    const heard: unknown[] = [];
    source.on("x", (payload) => heard.push(payload));
    values.forEach(() => send("x", ""));
    expect(heard).toEqual(values);
  });
});

describe("a payload that its decoder refuses", () => {
  test("becomes an invalid event with all details; listeners of its name are not called", async () => {
    const { source, send, invalid } = await decoding({ price: positive });
    const heard = vi.fn();
    source.on("price", heard);
    source.addEventListener("price", heard);
    send("price", "-1", "41");
    expect(heard).not.toHaveBeenCalled();
    expect(invalid).toHaveLength(1);
    expect(invalid[0]).toMatchObject({
      type: "invalid",
      eventType: "price",
      raw: "-1",
      issues: [{ message: "not positive", path: ["deep"] }, { message: "really" }],
      lastEventId: "41",
    });
    expect(takeReports()).toEqual([]);
  });

  test("does no harm: the stream continues, the id counts", async () => {
    const { source, server, send } = await decoding({ price: positive });
    const heard = vi.fn();
    source.on("price", heard);
    send("price", "-1", "41");
    expect([source.lastEventId, source.state.status]).toEqual(["41", "open"]);
    send("price", "2", "42");
    expect(heard.mock.calls).toEqual([[2, expect.objectContaining({ lastEventId: "42" })]]);
    send("price", "-3", "43");
    server.latest.end();
    await tick(1500);
    expect(server.latest.request.lastEventId).toBe("43");
  });

  test.each([
    [
      "throws an Error",
      () => {
        throw new RangeError("too far");
      },
      "too far",
    ],
    ["throws a string", throwing("too far"), "too far"],
    ["throws undefined", throwing(undefined), "undefined"],
    ["throws what has no string form", throwing(Object.create(null)), "object"],
    [
      "is a schema that throws",
      schema(() => {
        throw new Error("schema broke");
      }),
      "schema broke",
    ],
    ["is a schema that gets no JSON", positive, expect.stringMatching(/JSON/)],
    ["is a schema that answers nothing", schema(() => undefined), expect.any(String)],
  ] as const)("by a decoder that %s", async (_, decoder, message) => {
    const { source, send, invalid } = await decoding({ x: decoder as any });
    source.on("x", () => {});
    send("x", _.includes("no JSON") ? "{" : "1");
    send("x", _.includes("no JSON") ? "{" : "1");
    expect(invalid.map(({ issues }) => issues)).toEqual([[{ message }], [{ message }]]);
    expect(source.state.status).toBe("open");
  });

  test.each([
    ["resolves", () => Promise.resolve({ value: 1 })],
    ["rejects", () => Promise.reject(new Error("later"))],
  ])(
    "by a schema that answers later (and %s): waiting for it would break the order",
    async (_, validate) => {
      const { source, send, invalid } = await decoding({ x: schema(validate) });
      const heard = vi.fn();
      source.on("x", heard);
      send("x", "1");
      await tick();
      expect(heard).not.toHaveBeenCalled();
      expect(invalid[0]!.issues).toEqual([{ message: expect.stringContaining("asynchronously") }]);
    },
  );

  test("is reported if invalid has no listener, with the event as the cause", async () => {
    const { source, send } = await decoding({ price: positive }, { listen: false });
    source.on("price", () => {});
    send("price", "-1", "41");
    const [report, ...others] = takeReports() as TypeError[];
    expect(others).toEqual([]);
    expect(report).toBeInstanceOf(TypeError);
    expect(report!.message).toBe('invalid "price" event: not positive; really');
    expect(report!.cause).toMatchObject({ eventType: "price", raw: "-1", lastEventId: "41" });
    // A listener for server events named "invalid" is not a listener for the lifecycle event.
    source.on("invalid", () => {});
    send("price", "-1");
    expect(takeReports()).toHaveLength(1);
    const listener = vi.fn();
    source.addEventListener("invalid", listener);
    send("price", "-1");
    source.removeEventListener("invalid", listener);
    send("price", "-1");
    expect([takeReports().length, listener.mock.calls.length]).toEqual([1, 1]);
  });

  test("never ends a Node process: without reportError it goes to console.error", async () => {
    const uncaught = vi.fn();
    process.on("uncaughtException", uncaught);
    vi.stubGlobal("reportError", undefined);
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { source, stream } = await connectFake({ n: json<number>() });
    const listener = vi.fn();
    source.on("n", listener);
    stream.send("n", "[DONE]");
    stream.send("n", "2");
    await new Promise((resolve) => setImmediate(resolve));
    process.off("uncaughtException", uncaught);
    expect(uncaught).not.toHaveBeenCalled();
    expect(logged).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ message: expect.stringContaining('invalid "n" event') as string }),
    );
    expect(listener).toHaveBeenCalledExactlyOnceWith(2, expect.anything());
  });
});

describe("decoding runs only when it is needed", () => {
  test("no decoder runs for a name without a listener, or after the last was removed", async () => {
    const decode = vi.fn(() => {
      throw new Error("refused");
    });
    const { source, send, invalid } = await decoding({ x: decode });
    send("x", "1");
    const remove = source.on("x", () => {});
    remove();
    send("x", "2");
    expect([decode.mock.calls, invalid]).toEqual([[], []]);
  });

  test("an event is decoded once for all listeners; all get the same object", async () => {
    const decode = vi.fn((raw: string) => ({ raw }));
    const { source, send } = await decoding({ x: decode });
    const heard: unknown[] = [];
    for (let time = 0; time < 3; time++) source.on("x", (payload) => heard.push(payload));
    for (let time = 0; time < 3; time++)
      source.addEventListener("x", ({ data }: MessageEvent) => heard.push(data));
    send("x", "1");
    expect(decode).toHaveBeenCalledOnce();
    expect([heard.length, new Set(heard).size]).toEqual([6, 1]);
  });

  test("a refused event is decoded once and causes one invalid event", async () => {
    const decode = vi.fn(() => {
      throw new Error("refused");
    });
    const { source, send, invalid } = await decoding({ x: decode });
    for (let time = 0; time < 3; time++) source.on("x", () => {});
    send("x", "1");
    expect([decode.mock.calls.length, invalid.length]).toEqual([1, 1]);
  });
});
