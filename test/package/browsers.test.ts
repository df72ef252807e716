import { parse } from "acorn";
import { readdirSync, readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { oldestBrowsers } from "../support/package/oldest-browsers.ts";
import { dist, root } from "../support/package/dist.ts";
import { FaultServer } from "../support/server/fault-server.ts";
import { featuresOf, has } from "../support/package/features.ts";

/** Features newer than the oldest browsers in package.json, and why they do no harm there. */
const guarded: Record<string, string> = {
  "api.AbortSignal.reason": "undefined there, which is what abort() takes for no reason",
  "api.BroadcastChannel":
    "src/sharing/shared.ts asks for it; without it every source has a connection of its own",
  "api.BroadcastChannel.close": "as above",
  "api.BroadcastChannel.postMessage": "as above",
  "api.Navigator.locks": "as above",
  "api.LockManager.request": "as above",
  "api.ReadableStreamBYOBReader.closed":
    "src/transport/http/body.ts asks for such a reader; without it whole chunks are read",
  "api.Window.navigation":
    "src/page/page-events.ts asks for it; without it a navigation is noticed when it is under way",
  "api.NavigateEvent.destination": "read in a listener of the above",
  "api.NavigateEvent.downloadRequest": "as above, and may be missing",
  "api.NavigateEvent.hashChange": "as above",
  "javascript.builtins.WeakRef":
    "src/transport/http/body.ts asks for it; without it a busy body keeps its buffer",
  "api.reportError":
    "src/util/report-exception.ts asks for it, and else throws in a task of its own",
  "javascript.builtins.Symbol.dispose":
    "undefined there: a method that nobody calls, since `using` needs the symbol, too",
};

const built = readdirSync(dist(".")).filter((file) => /\.c?js$/.test(file));

test.each(built)("dist/%s is ES2020", (file) => {
  const sourceType = file.endsWith(".cjs") || file.endsWith(".min.js") ? "script" : "module";
  expect(() =>
    parse(readFileSync(dist(file), "utf8"), { ecmaVersion: 2020, sourceType }),
  ).not.toThrow();
});

describe("what is used of the platform", () => {
  // The sources have the types, the build has everything that is bundled.
  const options = { ...compilerOptions(), types: [] };
  const sources = readdirSync(`${root}/src`, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const features = new Set([
    ...featuresOf(
      sources.map((file) => `${root}/src/${file}`),
      options,
    ),
    ...featuresOf(
      built
        .filter((file) => file.endsWith(".js") && !file.includes(".min."))
        .map((file) => dist(file)),
      { ...options, strict: false },
    ),
  ]);

  test("is found", () => {
    for (const feature of [
      "api.AbortController",
      "api.Response.body",
      "api.MessagePort.postMessage",
      "javascript.builtins.Map.get",
    ])
      expect(features).toContain(feature);
    expect(has("chrome", "91", "javascript.builtins.Array.at")).toBe(false);
    expect(has("chrome", "92", "javascript.builtins.Array.at")).toBe(true);
  });

  test("is in every browser of package.json's list, or guarded", () => {
    const newer = [...features].filter(
      (feature) =>
        !Object.entries(oldestBrowsers).every(([name, version]) => has(name, version, feature)),
    );
    expect(newer.sort()).toEqual(Object.keys(guarded).sort());
  });
});

test("a stream is read where there is nothing newer", async () => {
  const server = await FaultServer.start();
  server.serve("/stream", (_, connection) => connection.head().write("data: one\n\n"));
  const warnings: string[] = [];
  const data = await new Promise((resolve) => {
    const context = createContext({
      ...{
        Event,
        EventTarget,
        MessageEvent,
        AbortController,
        DOMException,
        URL,
        URLSearchParams,
        Headers,
        Request,
        Response,
        ReadableStream,
      },
      ...{
        TextDecoder,
        TextEncoder,
        MessageChannel,
        fetch,
        performance,
        setTimeout,
        clearTimeout,
        setInterval,
        clearInterval,
      },
      ...{
        console: { warn: (text: string) => warnings.push(text) },
        url: `${server.origin}/stream`,
        resolve,
      },
    });
    runInContext(readFileSync(dist("resilient-eventsource.min.js"), "utf8"), context);
    const newer =
      "[typeof Symbol.dispose, typeof reportError, typeof navigator, typeof BroadcastChannel].join()";
    expect(runInContext(newer, context)).toBe("undefined,undefined,undefined,undefined");
    runInContext(
      `const source = new ResilientEventSource(url, { transport: ResilientEventSource.sharedTransport() });
       source.onmessage = ({ data }) => { source.close(); resolve(data); };`,
      context,
    );
  });
  server.close();
  expect(data).toBe("one");
  expect(warnings).toEqual([expect.stringContaining("there is no BroadcastChannel here")]);
});

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile) as {
    config: object;
  };
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}
