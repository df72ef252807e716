import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";
import { afterAll } from "vitest";
import { tamePolyfill } from "../../src/transport/tame-polyfill.mjs";
import type { FaultServer } from "../support/fault-server.ts";
import type { Harness } from "./harness.ts";
import type { ConnectOptions } from "./recorder.ts";

/** The little that is needed of a browser, so that any driver will do. */
export interface PageDriver {
  open(url: string): Promise<DrivenPage>;
  close(): Promise<void>;
}

interface DrivenPage {
  /** Evaluates an expression, and awaits what it gives. */
  evaluate(expression: string): Promise<any>;
  close(): Promise<void>;
}

/** What an old browser lacks, taken away before any of our code runs. */
const removals = {
  EventSource: "delete globalThis.EventSource",
  streams: "delete Response.prototype.body",
};

/**
 * Runs transports in pages of one browser, which is closed after the test file. A transport is given as an expression of what page.ts
 * hands out: `"eventSourceTransport(EventSourcePolyfill)"`.
 */
export function inPagesOf(launch: () => Promise<PageDriver>) {
  let browser: Promise<PageDriver> | undefined;
  let script: Promise<string> | undefined;
  afterAll(async () => (await browser)?.close());

  return (transport: string, { without = [] }: { without?: (keyof typeof removals)[] } = {}): Harness => {
    let page: DrivenPage;
    let connections = 0;
    return {
      isPage: true,
      async start(home: FaultServer) {
        script ??= bundle();
        browser ??= launch();
        home.servePage("/page.js", await script, { "Content-Type": "text/javascript; charset=utf-8" });
        const removal = without.map((what) => removals[what]).join(";");
        home.servePage("/page", `<!doctype html><script>${removal}</script><script src="/page.js"></script>`, { "Set-Cookie": "crumb=1" });
        page = await (await browser).open(`${home.origin}/page`);
      },
      stop: () => page.close(),
      abilities: () => page.evaluate(`${transport}.abilities`),
      async connect(options) {
        const recording = `recordings[${connections++}]`;
        await page.evaluate(`void (${recording} = record(${transport}, ${toSource(options)}))`);
        return {
          // As text: drivers take their time to copy an object of a hundred thousand parts.
          since: async (index, patience) =>
            JSON.parse(await page.evaluate(`${recording}.since(${index}, ${patience}).then(JSON.stringify)`)),
          abort: () => page.evaluate(`${recording}.abort()`),
          hear: (name, heard) => page.evaluate(`${recording}.hear(${JSON.stringify(name)}, ${heard})`),
        };
      },
    };
  };
}

/** A `resume` function travels as its text: it may use nothing but its parameters. */
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
      lib: { entry: fileURLToPath(new URL("page.ts", import.meta.url)), formats: ["iife"], name: "page" },
    },
  })) as Rolldown.RolldownOutput[];
  return results[0]!.output[0].code;
}
