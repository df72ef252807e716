import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { dist } from "../package/dist.ts";
import type { PageBrowser } from "../browsers/engines/engine.ts";
import type { Page } from "../browsers/engines/page.ts";
import type { FaultServer } from "../server/fault-server.ts";
import { installWatch, type ConnectOptions, type Notes, type Watched } from "./page-watch.ts";
import { PATIENCE } from "../patience.ts";

const JAVASCRIPT = { "Content-Type": "text/javascript; charset=utf-8" };

/** Serves the scripts of a folder under a path that ends in "/". */
export function serveScripts(server: FaultServer, path: string, folder: string): void {
  for (const file of readdirSync(folder)) {
    if (file.endsWith(".js"))
      server.servePage(path + file, readFileSync(join(folder, file), "utf8"), JAVASCRIPT);
  }
}

export interface OpenOptions {
  /** The page's script that loads the library. Default: as a module. */
  html?: string;
  /** A script that runs first in the page, to remove features for example. */
  before?: () => void;
  /** User and password in the page's URL: `"user:password"`. Default: none. */
  credentials?: string;
}

/** Loads dist/index.js, as a page without a bundler does. */
const moduleHtml = `<!doctype html><script type="module">import * as library from "/dist/index.js"; globalThis.library = library;</script>`;

let pages = 0;

/**
 * Opens a page of the server's origin in which `library` is the built library and `connect()` makes
 * sources that are recorded.
 */
export async function openPage(
  browser: PageBrowser,
  server: FaultServer,
  { html = moduleHtml, before = () => undefined, credentials = "" }: OpenOptions = {},
): Promise<OpenPage> {
  serveScripts(server, "/dist/", dirname(dist("index.js")));
  const path = `/page/${++pages}`;
  const first = `<!doctype html><script>(${String(installWatch)})(); (${String(before)})();</script>`;
  server.servePage(
    path,
    html.replace("<!doctype html>", () => first),
    { "Set-Cookie": "crumb=1; Path=/" },
  );
  const origin = server.origin.replace("//", `//${credentials && `${credentials}@`}`);
  const page = await browser.open(origin + path);
  await page.waitFor(() => "library" in globalThis);
  return new OpenPage(page);
}

/** A page with sources in it. */
export class OpenPage {
  constructor(readonly page: Page) {}

  /** Makes a source from options that are data. */
  connect(url: string, options: ConnectOptions = {}): Promise<PageSource> {
    return this.make(({ url, options }) => connect(url, options), { url, options });
  }

  /** Makes a source with code that runs in the page. */
  async make<Argument>(
    create: (argument: Argument) => Watched | Promise<Watched>,
    argument: Argument,
  ): Promise<PageSource> {
    return new PageSource(
      this.page,
      await this.page.evaluate(`keep((${String(create)})(${JSON.stringify(argument)}))`),
    );
  }

  /** Closes every source and returns the errors that nobody caught. */
  closeSources(): Promise<string[]> {
    return this.page.evaluate(() => {
      for (const { source } of watched.splice(0)) source.close();
      return uncaught.splice(0);
    });
  }

  close(): Promise<void> {
    return this.page.close();
  }
}

/** A source in a page. */
export class PageSource {
  constructor(
    private readonly page: Page,
    private readonly index: number,
  ) {}

  notes(): Promise<Notes> {
    return this.page.evaluate((index) => kept[index]!.notes(), this.index);
  }

  reconnect(): Promise<void> {
    return this.page.evaluate((index) => kept[index]!.source.reconnect(), this.index);
  }

  close(): Promise<void> {
    return this.page.evaluate((index) => kept[index]!.source.close(), this.index);
  }

  /** Waits until the notes fulfil a condition, and returns them. */
  async until(condition: (notes: Notes) => unknown): Promise<Notes> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const notes = await this.notes();
      if (condition(notes)) return notes;
      if (performance.now() > deadline)
        throw new Error(
          `timed out waiting for ${condition.toString()}\n${JSON.stringify(notes, null, 2)}`,
        );
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

  /** Waits until there were that many `error` events. */
  failed(times: number): Promise<Notes> {
    return this.until(({ errors }) => errors.length >= times);
  }
}
