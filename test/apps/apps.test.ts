import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { launchChromium } from "../support/browsers/browsers.ts";
import { buildWithEsbuild, buildWithVite, buildWithWebpack } from "../support/package/bundle.ts";
import { FaultServer } from "../support/server/fault-server.ts";
import { resumePoint } from "../support/pages/page-route.ts";
import { Stranger } from "../support/package/stranger.ts";

/** Trusted Types without a single policy: no text may become code or the URL of a script. */
const TRUSTED = "require-trusted-types-for 'script'; trusted-types 'none'";

interface App {
  build: (folder: string) => unknown;
  /**
   * The rest of its Content-Security-Policy: scripts and streams from its own origin, and nothing
   * else.
   */
  policy: string;
  /**
   * The files that a browser without EventSource and streams loads in addition to the others.
   * Undefined if the app cannot run there.
   */
  extra?: number;
}

const apps: Record<string, App> = {
  "vite-react": { build: (folder) => buildWithVite(folder), policy: TRUSTED, extra: 1 },
  webpack: {
    // It loads chunks by script elements, under a policy of its own.
    build: (folder) => buildWithWebpack(folder, { trustedTypes: true }),
    policy: "require-trusted-types-for 'script'; trusted-types webpack",
    extra: 1,
  },
  esbuild: {
    build: (folder) => buildWithEsbuild(folder, "main.js", { format: "esm", splitting: true }),
    policy: TRUSTED,
    extra: 1,
  },
  "script-tag": {
    build: (folder) => {
      const file = "dist/resilient-eventsource.min.js";
      mkdirSync(join(folder, "dist"));
      copyFileSync(join(folder, "node_modules/resilient-eventsource", file), join(folder, file));
    },
    policy: TRUSTED,
    extra: 0,
  },
  // Trusted Types would need a policy of the app: the URL of a worker is the URL of a script.
  worker: { build: (folder) => buildWithVite(folder), policy: "worker-src 'self'" },
  "service-worker": {
    build: async (folder) => {
      await buildWithEsbuild(folder, "main.js", { format: "esm" });
      await buildWithEsbuild(folder, "worker.js", { format: "iife" });
    },
    policy: "worker-src 'self'",
  },
};

const event = (id: number): string => `id: ${id}\nevent: price\ndata: {"eur":${id}}\n\n`;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

describe.each(Object.entries(apps))("%s", (name, { build, policy, extra }) => {
  let app: Stranger;
  let server: FaultServer;
  let page: Page;
  /** Errors, and the browser's reports about its policy. */
  const complaints: string[] = [];

  beforeAll(async () => {
    app = new Stranger(name);
    await build(app.folder);
  });
  afterAll(() => app.remove());
  beforeEach(async () => {
    server = await FaultServer.start();
    app.serve(server, {
      "Content-Security-Policy": `default-src 'none'; script-src 'self'; connect-src 'self'; ${policy}`,
    });
    page = await (await browser.newContext()).newPage();
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on(
      "console",
      (message) =>
        message.text().includes("Content Security Policy") && complaints.push(message.text()),
    );
  });
  afterEach(async () => {
    await page.context().close();
    server.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  /**
   * Opens the page and cuts its stream after the second event. Returns the scripts that were loaded
   * and the next request.
   */
  const run = async (): Promise<{ scripts: string[]; resumedAfter: string[] }> => {
    const resumedAfter: string[] = [];
    server.serve("/stream/prices", (request, connection) => {
      resumedAfter.push(resumePoint(request));
      connection.head();
      if (resumedAfter.length > 1) connection.write(event(3));
      else connection.write(event(1) + event(2)).cut();
    });
    await page.goto(server.origin);
    await page.waitForFunction(
      () => document.querySelector("#prices")?.textContent.trim() === "1 2 3",
    );
    return {
      scripts: server.requests.map(({ path }) => path).filter((path) => path.endsWith(".js")),
      resumedAfter,
    };
  };

  test("receives events under its policy, resumes after a cut, and loads no polyfill", async () => {
    const { scripts, resumedAfter } = await run();
    expect(resumedAfter).toEqual(["", "2"]);
    expect(scripts.filter((path) => path.includes("polyfill"))).toEqual([]);
  });

  if (extra === undefined) return;
  test("does the same in a browser without EventSource and streams, with the polyfill", async () => {
    const usual = new Set((await run()).scripts);
    server.requests.length = 0;
    await page.addInitScript(() => {
      for (const name of ["EventSource", "fetch", "ReadableStream"])
        Reflect.deleteProperty(globalThis, name);
    });
    const { scripts, resumedAfter } = await run();
    expect(resumedAfter).toEqual(["", "2"]);
    expect(scripts.filter((path) => !usual.has(path))).toHaveLength(extra);
  });
});
