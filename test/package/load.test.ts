import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createContext, runInContext, type Context } from "node:vm";
import { describe, expect, test } from "vitest";
import { entries } from "../../rollup.config.mjs";
import { dist, root } from "../support/package/dist.ts";
import { PATIENCE } from "../support/patience.ts";

const frameworkRequire = createRequire(import.meta.url);

// The package refers to itself by its name here, so these go through the "exports" of package.json.
const loads = {
  import: { type: "module", expression: `import("resilient-eventsource")` },
  require: { type: "commonjs", expression: `require("resilient-eventsource")` },
};

/** Runs a function body in a Node of its own and returns what it returns. A process that does not end by itself fails the test. */
function inNode(body: string, type: string): unknown {
  const script = `(async () => { ${body} })().then((result) => console.log(JSON.stringify(result)))`;
  return JSON.parse(
    execFileSync(process.execPath, [`--input-type=${type}`, "-e", script], {
      cwd: root,
      encoding: "utf8",
      timeout: PATIENCE,
    }),
  );
}

/**
 * Everything that loading a module could leave behind. Node's own loader needs a while to close
 * its files: what counts is a snapshot that stays the same for a while.
 */
const takeSnapshot = `async () => {
  const take = () => ({
    globals: Reflect.ownKeys(globalThis).map((key) => {
      const { get, set, value } = Object.getOwnPropertyDescriptor(globalThis, key);
      return [key, get, set, value].map(String);
    }),
    listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    busy: process.getActiveResourcesInfo(),
  });
  for (let latest, same = 0; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const snapshot = take();
    same = JSON.stringify(snapshot) === latest ? same + 1 : 0;
    latest = JSON.stringify(snapshot);
    if (same === 5) return snapshot;
  }
}`;

describe.each(Object.entries(loads))("%s in Node", (_, { type, expression }) => {
  test("gives the class and touches nothing", () => {
    dist("index.cjs");
    const result = inNode(
      `const takeSnapshot = ${takeSnapshot};
       const before = await takeSnapshot();
       const { ResilientEventSource } = await ${expression};
       return { type: typeof ResilientEventSource, before, after: await takeSnapshot() };`,
      type,
    ) as Record<string, unknown>;
    expect(result.type).toBe("function");
    expect(result.after).toEqual(result.before);
  });

  test("a source that is closed at once leaves nothing behind", () => {
    const result = inNode(
      `const takeSnapshot = ${takeSnapshot};
       const { ResilientEventSource } = await ${expression};
       // Node makes these globals when they are first used.
       void [AbortController, AbortSignal];
       const before = await takeSnapshot();
       new ResilientEventSource("http://127.0.0.1:9/").close();
       return { before, after: await takeSnapshot() };`,
      type,
    ) as Record<string, unknown>;
    expect(result.after).toEqual(result.before);
  });
});

test("events arrive, and are resumed, in a Node of its own", () => {
  execFileSync(process.execPath, [`${root}/test/package/smoke.mjs`], { timeout: PATIENCE });
});

test("the script-tag file defines one global, the class, and needs nothing of a page to load", () => {
  const context = createContext({});
  const before = Object.getOwnPropertyNames(context);
  runInContext(readFileSync(dist("resilient-eventsource.min.js"), "utf8"), context);
  const added = Object.getOwnPropertyNames(context).filter((name) => !before.includes(name));
  expect(added).toEqual(["ResilientEventSource"]);
  expect(runInContext("typeof ResilientEventSource.prototype.close", context)).toBe("function");
  // The console's description of a source.
  expect(runInContext("ResilientEventSource.name", context)).toBe("ResilientEventSource");
});

describe("where the platform has no globals at all", () => {
  /** JavaScript alone: not even a console. */
  const bare = (): Context => createContext({});

  /** Loads a CommonJS file in the context, with what it requires. */
  const load = (context: Context, file: string): any => {
    const module = { exports: {} };
    const require = (name: string): unknown =>
      name.startsWith("./") ? load(context, name.slice(2)) : frameworkRequire(name);
    const wrapper = `(function (module, exports, require) {${readFileSync(dist(file), "utf8")}\n})`;
    runInContext(wrapper, context)(module, module.exports, require);
    return module.exports;
  };

  test.each(Object.keys(entries))("the entry %s can be imported", (name) => {
    expect(Object.keys(load(bare(), `${name}.cjs`))).not.toEqual([]);
  });

  test("a source says what is missing, and which package brings it", () => {
    const { ResilientEventSource } = load(bare(), "index.cjs");
    expect(() => new ResilientEventSource("https://example.com/")).toThrow(
      'EventTarget is missing: import "event-target-polyfill" first',
    );
  });

  test("so does an event", () => {
    const { InvalidEvent } = load(bare(), "index.cjs");
    expect(() => new InvalidEvent({})).toThrow("Event is missing");
  });
});
