import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  eventSourceTransport,
  fetchTransport,
  polyfillTransport,
  sharedTransport,
  type Transport,
} from "../../src/index.ts";
import { resolveOptions } from "../../src/option-checks.ts";
import { defaults } from "../../src/options.ts";

/** Sets any option by its path, such as `backoff.maxDelay`, as an untyped caller could. */
function resolve(path: string, value: unknown) {
  const [outer, inner] = path.split(".") as [string, string | undefined];
  return resolveOptions({ [outer]: inner === undefined ? value : { [inner]: value } });
}

const longest = 2 ** 31 - 1;
const milliseconds = [
  "backoff.startingDelay",
  "backoff.maxDelay",
  "minUptime",
  "connectTimeout",
  "heartbeatTimeout",
];

describe("defaults", () => {
  const expected = {
    withCredentials: false,
    backoff: {
      startingDelay: 3000,
      timeMultiple: 2,
      maxDelay: 30_000,
      jitter: "full",
      numOfAttempts: Infinity,
      delayFirstAttempt: false,
    },
    minUptime: 5000,
    lastEventId: "",
    connectTimeout: 0,
    heartbeatTimeout: 0,
    dedupe: 0,
    pauseWhenHidden: 0,
  };

  test("are those of the design", () => {
    expect(resolveOptions()).toEqual(expected);
    expect(resolveOptions({})).toEqual(expected);
    expect(resolveOptions({ backoff: {} })).toEqual(expected);
  });

  test.each(Object.keys(expected).concat("resume", "transport", "signal", "events"))(
    "%s: undefined means the default",
    (name) => {
      expect(resolve(name, undefined)).toEqual(expected);
    },
  );

  test.each(Object.keys(expected.backoff).concat("retry"))(
    "backoff.%s: undefined means the default",
    (name) => {
      expect(resolve(`backoff.${name}`, undefined)).toEqual(expected);
      expect(resolve(`backoff.${name}`, undefined).backoff).not.toHaveProperty(name, undefined);
    },
  );

  test("one given option changes neither the other options nor the object of the caller", () => {
    const options = Object.freeze({
      backoff: Object.freeze({ maxDelay: 10, jitter: undefined }),
      dedupe: 7,
    });
    expect(resolveOptions(options)).toEqual({
      ...expected,
      dedupe: 7,
      backoff: { ...expected.backoff, maxDelay: 10 },
    });
    expect(resolveOptions()).toEqual(expected);
  });
});

describe("numbers", () => {
  test.each(milliseconds.concat("dedupe"))("%s may be anything from 0 to 2^31-1", (name) => {
    for (const value of [0, 1, longest]) expect(() => resolve(name, value)).not.toThrow();
  });

  test.each(milliseconds.concat("dedupe", "backoff.timeMultiple", "backoff.numOfAttempts"))(
    "%s out of range is a RangeError",
    (name) => {
      const bad = [NaN, -1, -Infinity];
      if (!/timeMultiple|numOfAttempts/.test(name)) bad.push(longest + 1);
      if (name !== "backoff.numOfAttempts") bad.push(Infinity);
      for (const value of bad) {
        expect(() => resolve(name, value)).toThrow(RangeError);
        expect(() => resolve(name, value)).toThrow(
          new RegExp(`^${name} must be .*, got ${value}$`),
        );
      }
    },
  );

  test.each(milliseconds.concat("dedupe", "backoff.timeMultiple", "backoff.numOfAttempts"))(
    "%s of another type is a TypeError",
    (name) => {
      for (const [value, shown] of [
        ["10", '"10"'],
        [null, "null"],
        [true, "true"],
        [{}, "an object"],
        [10n, "10"],
      ] as const) {
        expect(() => resolve(name, value)).toThrow(TypeError);
        expect(() => resolve(name, value)).toThrow(
          new RegExp(`^${name} must be .*, got ${shown}$`),
        );
      }
    },
  );

  test("timeMultiple and numOfAttempts are at least 1", () => {
    for (const name of ["backoff.timeMultiple", "backoff.numOfAttempts"]) {
      expect(() => resolve(name, 0.99)).toThrow(RangeError);
      expect(() => resolve(name, 1)).not.toThrow();
    }
    expect(() => resolve("backoff.numOfAttempts", Infinity)).not.toThrow();
  });
});

describe("other options", () => {
  test.each([
    ["backoff", 5, "5"],
    ["backoff", null, "null"],
    ["backoff.jitter", "equal", '"equal"'],
    ["backoff.jitter", null, "null"],
    ["backoff.retry", true, "true"],
    ["backoff.retry", null, "null"],
    ["lastEventId", 7, "7"],
    ["lastEventId", null, "null"],
    ["lastEventId", "a\0b", String.raw`"a\u0000b"`],
    ["lastEventId", "a\nb", String.raw`"a\nb"`],
    ["lastEventId", "a\rb", String.raw`"a\rb"`],
    ["resume", "query", '"query"'],
    ["resume", {}, "an object"],
    ["resume", { query: 7 }, "an object"],
    ["resume", { query: undefined }, "an object"],
    ["resume", { query: ["id", 7] }, "an object"],
    ["resume", null, "null"],
    ["transport", "fetch", '"fetch"'],
    ["transport", {}, "an object"],
    ["signal", {}, "an object"],
    ["signal", true, "true"],
    ["events", "price", '"price"'],
    ["events", null, "null"],
    ["events.price", "string", '"string"'],
    ["events.price", {}, "an object"],
    ["events.price", null, "null"],
  ])("a bad %s (%j) is an error that names it and its value", (name, value, shown) => {
    const error = typeof value === "number" ? RangeError : TypeError;
    expect(() => resolve(name, value)).toThrow(error);
    const message = (() => {
      try {
        return void resolve(name, value);
      } catch (thrown) {
        return (thrown as Error).message;
      }
    })();
    expect(message).toMatch(new RegExp(`^${name.replace(".", "\\.")} must be `));
    expect(message?.endsWith(`, got ${shown}`)).toBe(true);
  });

  test("a name without a decoder is a TypeError, too", () => {
    expect(() => resolve("events.price", undefined)).toThrow(
      /^events\.price must be a function or a Standard Schema/,
    );
  });

  test("pauseWhenHidden: true means one minute", () => {
    for (const [value, ms] of [
      [true, 60_000],
      [false, 0],
      [0, 0],
      [7, 7],
    ] as const)
      expect(resolve("pauseWhenHidden", value).pauseWhenHidden).toBe(ms);
    for (const value of [-1, NaN, "yes", null])
      expect(() => resolve("pauseWhenHidden", value)).toThrow(/^pauseWhenHidden must be /);
  });

  test.each([5, "x", true])("options that are not an object (%j)", (options) => {
    expect(() => resolveOptions(options as any)).toThrow(/^options must be an object, got /);
  });

  test("null instead of options is accepted, as in WebIDL", () => {
    expect(resolveOptions(null)).toEqual(resolveOptions());
  });

  test.each([
    ["withCredentials", 1],
    ["lastEventId", "7,8 日本"],
    ["resume", "header"],
    ["resume", { query: "id" }],
    ["resume", { query: ["id", "lastEventId"] }],
    ["resume", (url: URL) => url],
    ["transport", async () => {}],
    ["signal", new AbortController().signal],
    ["events", { price: Number, tick: { "~standard": {} } }],
    ["events", {}],
    ["backoff.retry", async () => true],
    ["backoff.jitter", "none"],
  ])("a good %s", (name, value) => {
    expect(() => resolve(name, value)).not.toThrow();
  });

  test("withCredentials is converted to a boolean, as in WebIDL", () => {
    expect(resolveOptions({ withCredentials: 1 as any }).withCredentials).toBe(true);
  });
});

describe("every member is read once", () => {
  /** An object whose members answer with the good value first, and with the bad one after that. */
  const changing = (members: Record<string, [good: unknown, bad: unknown]>): object =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries(members).map(([name, [good, bad]]) => {
          let reads = 0;
          return [name, { enumerable: true, get: () => (reads++ ? bad : good) }];
        }),
      ),
    );

  test.each([
    ["withCredentials", true, false],
    ["minUptime", 7, NaN],
    ["connectTimeout", 7, -1],
    ["heartbeatTimeout", 7, "7"],
    ["dedupe", 7, Infinity],
    ["pauseWhenHidden", 7, "7"],
    ["lastEventId", "7", "7\r\nHost: x"],
    ["resume", "header", "query"],
    ["transport", async () => {}, "fetch"],
  ])("%s", (name, good, bad) => {
    expect(resolveOptions(changing({ [name]: [good, bad] }))).toHaveProperty(name, good);
  });

  test("the members of members, too", () => {
    const options = changing({
      backoff: [changing({ maxDelay: [7, NaN], jitter: ["none", "some"] }), null],
      resume: [changing({ query: [["id", "last"], 7] }), null],
      events: [changing({ price: [Number, null] }), null],
    });
    expect(resolveOptions(options)).toMatchObject({
      backoff: { maxDelay: 7, jitter: "none" },
      resume: { query: ["id", "last"] },
      events: { price: Number },
    });
  });

  test("later changes of the caller's objects change nothing", () => {
    const query = ["id"];
    const options = { resume: { query }, events: { price: Number }, backoff: { maxDelay: 7 } };
    const settings = resolveOptions(options);
    query.push("last");
    options.events.price = null!;
    options.backoff.maxDelay = NaN;
    expect(settings).toMatchObject({
      resume: { query: ["id"] },
      events: { price: Number },
      backoff: { maxDelay: 7 },
    });
  });

  test("inherited members count as own ones do, and are checked alike", () => {
    class Options {
      get dedupe(): number {
        return 7;
      }
    }
    expect(resolveOptions(new Options()).dedupe).toBe(7);
    const heir = (options: object): object => Object.create(options) as object;
    expect(resolveOptions(heir({ minUptime: 7, backoff: heir({ maxDelay: 8 }) }))).toMatchObject({
      minUptime: 7,
      backoff: { maxDelay: 8 },
    });
    expect(() => resolveOptions(heir({ minUptime: NaN }))).toThrow(RangeError);
  });

  test("members called __proto__, as JSON.parse makes them, are no prototype", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const options = JSON.parse('{"__proto__":{"minUptime":7},"dedupe":8}') as object;
    expect(resolveOptions(options)).toMatchObject({ minUptime: 5000, dedupe: 8 });
    warn.mockRestore();
    expect(() => resolveOptions({ events: JSON.parse('{"__proto__":5}') as object })).toThrow(
      "events.__proto__ must be a function or a Standard Schema, got 5",
    );
  });
});

describe("the docstrings", () => {
  const source = readFileSync(new URL("../../src/options.ts", import.meta.url), "utf8");
  const documented = (name: string): Map<string, string> => {
    const body = new RegExp(`export interface ${name} \\{\n(.*?)\n\\}`, "s").exec(source)![1]!;
    const members = body.matchAll(/\/\*\*(.*?)\*\/\s+(\w+)\?:/gs);
    return new Map(
      [...members].map(([, docstring, member]) => [
        member!,
        docstring!.replace(/\s*\n\s*\*\s*/g, " "),
      ]),
    );
  };
  /** The word after "Default": up to the comma, colon or full stop, without backquotes. */
  const defaultIn = (docstring: string): string | undefined =>
    /Default:? `?([^`,:.]+)/.exec(docstring)?.[1];

  test.each([
    ["BackoffOptions", defaults.backoff],
    ["ResilientEventSourceOptions", defaults],
  ])("of %s name each default", (name, values) => {
    const docs = documented(name);
    for (const [option, value] of Object.entries(values)) {
      if (typeof value === "object") continue;
      expect([option, defaultIn(docs.get(option) ?? "")]).toEqual([
        option,
        typeof value === "string" ? JSON.stringify(value) : String(value),
      ]);
    }
    for (const [option, docstring] of docs)
      expect([option, docstring]).toEqual([option, expect.stringMatching(/Default/)]);
  });
});

describe("names that are not options", () => {
  afterEach(() => void vi.restoreAllMocks());
  const warnings = (options: object): unknown[] => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    resolveOptions(options);
    return warn.mock.calls.flat();
  };

  test.each([
    [{ silenceTimout: 5 }, "silenceTimout", "connectTimeout"],
    [{ hearbeatTimeout: 5 }, "hearbeatTimeout", "heartbeatTimeout"],
    [{ minUptme: 5 }, "minUptme", "minUptime"],
    [{ withCredential: true }, "withCredential", "withCredentials"],
    [{ event: {} }, "event", "events"],
    [{ lastEventID: "1" }, "lastEventID", "lastEventId"],
    [{ backoff: { startDelay: 5 } }, "backoff.startDelay", "backoff.startingDelay"],
    [{ backoff: { maxAttempts: 5 } }, "backoff.maxAttempts", "backoff.numOfAttempts"],
  ])("%j: one warning, which names the nearest option", (options, name, known) => {
    expect(warnings(options)).toEqual([
      `resilient-eventsource: unknown option ${name}, did you mean ${known}?`,
    ]);
  });

  test("every option, and an unknown one without a value, are silent", () => {
    const { backoff } = defaults;
    expect(warnings({ ...defaults, backoff, signal: undefined, nothing: undefined })).toEqual([]);
  });

  test.each(["headers", "method", "body", "fetch"])("%s belongs to fetchTransport", (name) => {
    expect(() => resolveOptions({ [name]: "x" })).toThrow(
      new TypeError(`${name} is an option of fetchTransport({ … }), not of the source`),
    );
  });

  test.each([fetchTransport, eventSourceTransport, polyfillTransport, sharedTransport])(
    "%o has to be called",
    (factory) => {
      expect(() => resolveOptions({ transport: factory as never })).toThrow(
        `transport must be a transport, such as fetchTransport({ … }), which has to be called, got the function ${factory.name}`,
      );
      expect(() => resolveOptions({ transport: vi.fn<Transport>() })).not.toThrow();
    },
  );
});
