import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { build, type Rolldown } from "vite";
import { dist } from "../support/package/dist.ts";
import type { FaultServer } from "../support/server/fault-server.ts";
import type { Scope } from "./define.ts";
import type { Outcomes } from "./run.ts";

/** The statement that defines `EventSource`, run after the script-tag build was loaded. */
export const classes = {
  native: "",
  ours: "globalThis.EventSource = ResilientEventSource",
  /**
   * The options closest to the standard: fetch, which learns why the server refused, without our
   * departures.
   */
  "ours, by the book": `globalThis.EventSource = new Proxy(ResilientEventSource, {
    construct(Class, [...given], newTarget) {
      const byTheBook = {
        transport: Class.fetchTransport(),
        resume: "header",
        backoff: { jitter: "none", timeMultiple: 1, retry: ({ reason }) => reason === "network" || reason === "ended" },
      };
      if (given.length) given[1] = { ...byTheBook, ...given[1] };
      return Reflect.construct(Class, given, newTarget);
    },
  })`,
};
export type ClassName = keyof typeof classes;

const JAVASCRIPT = { "Content-Type": "text/javascript; charset=utf-8" };

/** Serves a page and a worker's script for each class. */
export async function serveScopes(server: FaultServer): Promise<void> {
  server.servePage(
    "/resilient-eventsource.min.js",
    readFileSync(dist("resilient-eventsource.min.js"), "utf8"),
    JAVASCRIPT,
  );
  server.servePage("/run.js", await bundle(), JAVASCRIPT);
  for (const [name, install] of Object.entries(classes)) {
    const path = pathOf(name as ClassName);
    const html = `<!doctype html><meta charset="utf-8"><title>wpt</title><body>
      <script src="/resilient-eventsource.min.js"></script><script>${install}</script><script src="/run.js"></script>`;
    server.servePage(path, html);
    server.servePage(`/frame${path}`, html);
    const load = `importScripts("/resilient-eventsource.min.js"); ${install}; importScripts("/run.js");`;
    server.servePage(
      `${path}.dedicated.js`,
      `${load} runAll("dedicated worker").then((outcomes) => postMessage(outcomes));`,
      JAVASCRIPT,
    );
    const shared = `onconnect = ({ ports: [port] }) => runAll("shared worker").then((outcomes) => port.postMessage(outcomes));`;
    server.servePage(`${path}.shared.js`, `${load} ${shared}`, JAVASCRIPT);
  }
}

/** Runs the tests of one scope with one class. */
export async function runScope(
  browser: Browser,
  home: FaultServer,
  away: FaultServer,
  className: ClassName,
  scope: Scope,
): Promise<Outcomes> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const path = pathOf(className);
    const query = `?${new URLSearchParams({ away: away.origin, run: `${path}-${scope}` })}`;
    await page.goto(home.origin + path + query);
    return await page.evaluate<Outcomes>(starters[scope](path, query));
  } finally {
    await context.close();
  }
}

/** As text: a page cannot run a function that vitest has transformed. */
const starters: Record<Scope, (path: string, query: string) => string> = {
  window: () => `runAll("window")`,
  "dedicated worker": (path, query) =>
    `new Promise((resolve) => (new Worker("${path}.dedicated.js${query}").onmessage = ({ data }) => resolve(data)))`,
  "shared worker": (path, query) =>
    `new Promise((resolve) => (new SharedWorker("${path}.shared.js${query}").port.onmessage = ({ data }) => resolve(data)))`,
};

const pathOf = (className: ClassName): string => `/${Object.keys(classes).indexOf(className)}`;

async function bundle(): Promise<string> {
  const results = (await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: false,
      lib: {
        entry: fileURLToPath(new URL("run.ts", import.meta.url)),
        formats: ["iife"],
        name: "wpt",
      },
    },
  })) as Rolldown.RolldownOutput[];
  return results[0]!.output[0].code;
}
