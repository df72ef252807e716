import { any, page, testsOf, type WptTest } from "../define.ts";
import { equal, once, stream, throws } from "../stage.ts";

const CONSTANTS = { CONNECTING: 0, OPEN: 1, CLOSED: 2 } as const;

const descriptorOf = (name: string) => Object.getOwnPropertyDescriptor(EventSource.prototype, name);

/** The constructor and the members of the class. */
export const face: WptTest[] = [
  any("eventsource-constructor-url-bogus.any.js", (test) => {
    for (const url of ["http://this is invalid/", "http://[this-too/"]) {
      test(`a URL that cannot be parsed is a SyntaxError: ${url}`, (open) =>
        throws(() => open(url), "SyntaxError"));
    }
  }),
  any("eventsource-constructor-empty-url.any.js", (test) => {
    test("an empty URL is that of the document, or of the worker", (open) =>
      equal(open("").url, location.href, "url"));
  }),
  page("eventsource-constructor-stringify.window.js", (test) => {
    test("an object", async (open) => {
      const url = stream("data: a\n\n");
      await once(open({ toString: () => url } as string), "open");
    });
    for (const url of [1, null, undefined]) {
      test(String(url), (open) =>
        equal(new URL(open(url as unknown as string).url).pathname, `/${url}`, "path"),
      );
    }
  }),
  any("eventsource-url.any.js", (test) => {
    test("url is absolute", (open) => {
      const url = stream("data: a\n\n");
      equal(open(url).url, location.origin + url, "url");
    });
  }),
  any("eventsource-prototype.any.js", (test) => {
    test("what is added to the prototype is there in instances", (open) => {
      const added = Symbol("added");
      Object.assign(EventSource.prototype, { [added]: () => true });
      equal(
        (open(stream("data: a\n\n")) as EventSource & { [added]: () => boolean })[added](),
        true,
        "called",
      );
      equal(Object.hasOwn(globalThis, "EventSource"), true, "own property of the global object");
    });
  }),
  testsOf(
    "dedicated-worker/eventsource-constructor-no-new.any.js",
    ["dedicated worker"],
    (test) => {
      test("TypeError without new", () => {
        throws(() => (EventSource as unknown as (url: string) => void)(""), "TypeError");
      });
    },
  ),
  any("/html/dom/idlharness.any.js", (test) => {
    test("its objects are EventTargets", (open) =>
      equal(open(stream("data: a\n\n")) instanceof EventTarget, true, "instance"));
    test("its parent is EventTarget itself", () =>
      equal(Object.getPrototypeOf(EventSource) === EventTarget, true, "parent"));
    test("the name of the interface", () => equal(EventSource.name, "EventSource", "name"));
    test("the name of its objects", (open) => {
      equal(
        Object.prototype.toString.call(open(stream("data: a\n\n"))),
        "[object EventSource]",
        "toString",
      );
    });
    test("the constructor has one parameter that must be there", () =>
      equal(EventSource.length, 1, "length"));
    test("TypeError without a URL", () => {
      throws(() => new (EventSource as unknown as new () => EventSource)().close(), "TypeError");
    });
    test("the prototype is not to be replaced", () => {
      const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(
        EventSource,
        "prototype",
      )!;
      equal(
        [writable, enumerable, configurable],
        [false, false, false],
        "writable, enumerable, configurable",
      );
    });
    test("the constants of interface, prototype and objects", (open) => {
      const source = open(stream("data: a\n\n"));
      for (const [name, value] of Object.entries(CONSTANTS) as [keyof typeof CONSTANTS, number][]) {
        equal(
          [EventSource[name], EventSource.prototype[name], source[name]],
          [value, value, value],
          name,
        );
      }
    });
    test("the constants cannot be set", () => {
      for (const where of [EventSource, EventSource.prototype]) {
        throws(() => Object.assign(where, { OPEN: 5 }), "TypeError");
        equal(where.OPEN, 1, "OPEN");
      }
    });
    test("the constants are data properties", () => {
      for (const name of Object.keys(CONSTANTS))
        equal(descriptorOf(name)?.value, CONSTANTS[name as "OPEN"], name);
    });
    test("url, withCredentials and readyState are read-only", () => {
      for (const name of ["url", "withCredentials", "readyState"]) {
        equal(
          [typeof descriptorOf(name)?.get, typeof descriptorOf(name)?.set],
          ["function", "undefined"],
          name,
        );
      }
    });
    test("withCredentials is what was asked for", (open) => {
      const url = stream("data: a\n\n");
      const inits = [undefined, {}, { withCredentials: false }, { withCredentials: true }];
      const told = inits.map((init) => open(url, init).withCredentials);
      equal(told, [false, false, false, true], "withCredentials");
    });
    test("onopen, onmessage and onerror are null at first, take functions, and forget what is none", (open) => {
      const source = open(stream("data: a\n\n"));
      for (const name of ["onopen", "onmessage", "onerror"] as const) {
        equal(
          [typeof descriptorOf(name)?.get, typeof descriptorOf(name)?.set],
          ["function", "function"],
          name,
        );
        equal(source[name], null, name);
        const handler = (): void => undefined;
        source[name] = handler;
        equal(source[name] === handler, true, `${name} gives what was set`);
        source[name] = 1 as unknown as null;
        equal(source[name], null, `${name} after a number`);
      }
    });
    test("an attribute read from another object is a TypeError", () => {
      throws(() => descriptorOf("url")!.get!.call({}), "TypeError");
    });
    test("close() takes nothing", () => equal(EventSource.prototype.close.length, 0, "length"));
    test("members are enumerable", () => {
      for (const name of ["url", "onopen", "close", "OPEN"])
        equal(descriptorOf(name)?.enumerable, true, name);
    });
  }),
].flat();
