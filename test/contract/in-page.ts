import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";
import { afterAll } from "vitest";
import { tamePolyfill } from "../../src/transport/polyfill/tame-polyfill.mjs";
import { engine, type PageBrowser } from "../support/browsers/engines/engine.ts";
import type { Page } from "../support/browsers/engines/page.ts";
import type { FaultServer } from "../support/server/fault-server.ts";
import type { Harness } from "./harness.ts";
import type { ConnectOptions } from "./recorder.ts";

/** Features that an old browser lacks. They are removed before any of our code runs. */
const removals = {
  EventSource: "delete globalThis.EventSource",
  streams: "delete Response.prototype.body",
};

let browser: Promise<PageBrowser> | undefined;
let script: Promise<string> | undefined;
afterAll(async () => (await browser)?.close());

/**
 * Runs a transport in pages of the engine, in one browser for the whole test file. The transport is
 * an expression of the names that page.ts exports: `"eventSourceTransport(EventSourcePolyfill)"`.
 */
export function inPage(
  transport: string,
  { without = [] }: { without?: (keyof typeof removals)[] } = {},
): Harness {
  let page: Page;
  let connections = 0;
  return {
    isPage: true,
    async start(home: FaultServer) {
      script ??= bundle();
      browser ??= engine.launch();
      home.servePage("/page.js", await script, {
        "Content-Type": "text/javascript; charset=utf-8",
      });
      const removal = without.map((what) => removals[what]).join(";");
      home.servePage(
        "/page",
        `<!doctype html><script>${removal}</script><script src="/page.js"></script>`,
        { "Set-Cookie": "crumb=1" },
      );
      page = await (await browser).open(`${home.origin}/page`);
    },
    stop: () => page.close(),
    abilities: () => page.evaluate(`${transport}.abilities`),
    async connect(options) {
      const recording = `recordings[${connections++}]`;
      await page.evaluate(`void (${recording} = record(${transport}, ${toSource(options)}))`);
      return {
        // As one string: the driver would otherwise serialize the entries part by part.
        since: async (index, patience) =>
          JSON.parse(
            await page.evaluate(`${recording}.since(${index}, ${patience}).then(JSON.stringify)`),
          ),
        abort: () => page.evaluate(`${recording}.abort()`),
        setListened: (name, isListened) =>
          page.evaluate(`${recording}.setListened(${JSON.stringify(name)}, ${isListened})`),
      };
    },
  };
}

/** A `resume` function is sent as source text, so it may only use its parameters. */
function toSource({ resume, ...options }: ConnectOptions): string {
  return `{ ...${JSON.stringify(options)}, resume: ${typeof resume === "function" ? String(resume) : JSON.stringify(resume)} }`;
}

async function bundle(): Promise<string> {
  const results = (await build({
    configFile: false,
    logLevel: "error",
    plugins: [tamePolyfill()],
    build: {
      write: false,
      minify: false,
      lib: {
        entry: fileURLToPath(new URL("page.ts", import.meta.url)),
        formats: ["iife"],
        name: "page",
      },
    },
  })) as Rolldown.RolldownOutput[];
  return results[0]!.output[0].code;
}
