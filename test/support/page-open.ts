import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Browser, BrowserContext, JSHandle, Page } from "playwright-core";
import { dist } from "./dist.ts";
import type { FaultServer } from "./fault-server.ts";
import { installWatch, type ConnectOptions, type Notes, type Watched } from "./page-watch.ts";

const JAVASCRIPT = { "Content-Type": "text/javascript; charset=utf-8" };

/** How long a condition may take to come true (ms). */
const PATIENCE = 20_000;

/** Serves the scripts of a folder under a path that ends in "/". */
export function serveScripts(server: FaultServer, path: string, folder: string): void {
  for (const file of readdirSync(folder)) {
    if (file.endsWith(".js")) server.servePage(path + file, readFileSync(join(folder, file), "utf8"), JAVASCRIPT);
  }
}

export interface OpenOptions {
  /** What the page loads the library by. Default: as a module. */
  html?: string;
  /** What is to happen before anything else in the page: taking things away, say. */
  before?: () => void;
}

/** Loads dist/index.js, as a page without a bundler does. */
const moduleHtml = `<!doctype html><script type="module">import * as library from "/dist/index.js"; globalThis.library = library;</script>`;

let pages = 0;

/** Opens a page of a server's origin in which the built library is `library`, and `connect()` makes sources that are written down. */
export async function openPage(browser: Browser, server: FaultServer, { html = moduleHtml, before }: OpenOptions = {}): Promise<OpenPage> {
  serveScripts(server, "/dist/", dirname(dist("index.js")));
  const path = `/page/${++pages}`;
  server.servePage(path, html, { "Set-Cookie": "crumb=1; Path=/" });
  const context = await browser.newContext();
  const page = await context.newPage();
  const errors: Error[] = [];
  page.on("pageerror", (error) => errors.push(error));
  await page.addInitScript(installWatch);
  if (before) await page.addInitScript(before);
  await page.goto(server.origin + path);
  await page.waitForFunction(() => "library" in globalThis);
  return new OpenPage(context, page, errors);
}

/** A page with sources in it. */
export class OpenPage {
  constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
    private readonly errors: Error[],
  ) {}

  /** Makes a source by what can be said as data. */
  connect(url: string, options: ConnectOptions = {}): Promise<PageSource> {
    return this.make(({ url, options }) => connect(url, options), { url, options });
  }

  /** Makes a source by code of the page. */
  async make<Argument>(create: (argument: Argument) => Watched | Promise<Watched>, argument: Argument): Promise<PageSource> {
    // Playwright's types unwrap every handle that may hide in the argument, which TypeScript cannot follow through a type parameter.
    const evaluate = this.page.evaluateHandle.bind(this.page) as (fn: typeof create, argument: Argument) => Promise<JSHandle<Watched>>;
    return new PageSource(await evaluate(create, argument));
  }

  /** Closes every source, and gives the errors nobody caught. */
  async closeSources(): Promise<string[]> {
    await this.page.evaluate(() => {
      for (const { source } of watched.splice(0)) source.close();
    });
    return this.errors.splice(0).map(String);
  }

  close(): Promise<void> {
    return this.context.close();
  }
}

/** A source in a page. */
export class PageSource {
  constructor(private readonly handle: JSHandle<Watched>) {}

  notes(): Promise<Notes> {
    return this.handle.evaluate((watched) => watched.notes());
  }

  reconnect(): Promise<void> {
    return this.handle.evaluate(({ source }) => source.reconnect());
  }

  close(): Promise<void> {
    return this.handle.evaluate(({ source }) => source.close());
  }

  /** Waits until the notes fulfil a condition, and gives them. */
  async until(condition: (notes: Notes) => unknown): Promise<Notes> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const notes = await this.notes();
      if (condition(notes)) return notes;
      if (performance.now() > deadline) throw new Error(`waited in vain for ${condition.toString()}\n${JSON.stringify(notes, null, 2)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Waits for an event with this data. */
  heard(data: string): Promise<Notes> {
    return this.until(({ events }) => events.some((event) => event.data === data));
  }

  /** Waits for the end. */
  closed(): Promise<Notes> {
    return this.until(({ status }) => status === "closed");
  }

  /** Waits until that many `error` events have come. */
  failed(times: number): Promise<Notes> {
    return this.until(({ errors }) => errors.length >= times);
  }
}
