import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Props } from "../../adapters/pages/page.ts";
import { pageScript, renderInNode, type PageSource } from "./adapter-page.ts";
import { launchChromium } from "../browsers/browsers.ts";
import { FaultServer } from "../server/fault-server.ts";
import { refusal, Route, stream } from "../pages/page-route.ts";

/** No attempt comes on its own. */
const PATIENT = {
  backoff: { startingDelay: 3_600_000, maxDelay: 3_600_000, jitter: "none" },
} as const;

/** A page with the framework in it, and its server. */
export class AdapterBench {
  browser!: Browser;
  server!: FaultServer;
  page!: Page;
  cdp!: CDPSession;
  /** Errors that nobody caught. */
  readonly errors: string[] = [];

  constructor(readonly source: PageSource) {}

  async open(script: string, html = ""): Promise<void> {
    this.server.servePage("/page.js", script, { "Content-Type": "text/javascript; charset=utf-8" });
    this.server.servePage(
      "/page",
      `<!doctype html><div id="app">${html}</div><script type="module" src="/page.js"></script>`,
    );
    this.page = await this.browser.newPage();
    this.page.on("pageerror", (error) => this.errors.push(String(error)));
    this.cdp = await this.page.context().newCDPSession(this.page);
    await this.page.goto(`${this.server.origin}/page`);
    await this.page.waitForFunction(() => "adapterPage" in globalThis);
  }

  mount(props: Props): Promise<void> {
    return this.page.evaluate((props) => adapterPage.mount(props), props);
  }

  update(props: Props): Promise<void> {
    return this.page.evaluate((props) => adapterPage.update(props), props);
  }

  unmount(): Promise<void> {
    return this.page.evaluate(() => adapterPage.unmount());
  }

  /** Waits until an element of the component shows this. */
  async shows(id: "status" | "latest" | "all", text: string): Promise<void> {
    await this.page.waitForFunction(
      ({ id, text }) => document.getElementById(id)?.textContent === text,
      { id, text },
    );
  }

  /** Waits until this is the last event that the listeners got. */
  async heard(text: string): Promise<string[]> {
    await this.page.waitForFunction((text) => heard.at(-1) === text, text);
    return this.page.evaluate(() => heard);
  }

  renders(): Promise<number> {
    return this.page.evaluate(() => renders);
  }

  /** Waits until the server has that many open streams. */
  async live(count: number): Promise<void> {
    await expect.poll(() => this.server.live("/stream/")).toBe(count);
  }

  /** The types of all listeners on window and document. */
  async listeners(): Promise<string[]> {
    const types = ["window", "document"].map(async (expression) => {
      const { result } = await this.cdp.send("Runtime.evaluate", { expression });
      const { listeners } = await this.cdp.send("DOMDebugger.getEventListeners", {
        objectId: result.objectId!,
      });
      return listeners.map(({ type }) => `${expression} ${type}`);
    });
    return (await Promise.all(types)).flat().sort();
  }
}

declare global {
  var counts: { frames: number; changes: number };
}

const price = (id: number): string => `id: ${id}\nevent: price\ndata: ${id}\n\n`;

/** The tests of every adapter; `define` adds the tests of one framework. */
export function describeAdapter(
  name: string,
  source: PageSource,
  define?: (bench: AdapterBench) => void,
): void {
  describe(name, () => {
    const bench = new AdapterBench(source);
    let script: string;
    beforeAll(async () => {
      script = await pageScript(source);
      bench.browser = await launchChromium();
    });
    afterAll(() => bench.browser.close());
    beforeEach(async () => {
      bench.server = await FaultServer.start();
      await bench.open(script);
    });
    afterEach(async () => {
      expect(bench.errors.splice(0)).toEqual([]);
      await bench.page.close();
      bench.server.close();
    });

    test("one connection from mount to unmount, and typed payloads", async () => {
      const to = new Route(bench.server, [stream(price(1), price(2))]);
      await bench.mount({ url: to.url });
      expect(await bench.heard("|€2|2")).toEqual(["|€1|1", "|€2|2"]);
      await bench.shows("latest", "2");
      await bench.shows("status", "open");
      expect(to.count).toBe(1);
      await bench.unmount();
      await bench.live(0);
      expect(to.count).toBe(1);
    });

    test("listens to the page while mounted, and no longer", async () => {
      const to = new Route(bench.server, [stream(price(1))]);
      const cycle = async (): Promise<string[]> => {
        await bench.mount({ url: to.url });
        await bench.shows("status", "open");
        expect(await bench.listeners()).toContain("window online");
        await bench.unmount();
        await bench.live(0);
        return bench.listeners();
      };
      // The framework keeps some listeners of its own from the first time.
      const after = await cycle();
      expect(after).not.toContain("window online");
      expect(await cycle()).toEqual(after);
      expect(to.count).toBe(2);
    });

    test("an event renders only the component that shows it", async () => {
      const to = new Route(bench.server, [stream(price(0))]);
      await bench.mount({ url: to.url });
      await bench.shows("latest", "0");
      const renders = await bench.renders();
      for (let id = 1; id <= 50; id++) to.arrivals[0]!.connection.write(price(id));
      await bench.shows("latest", "50");
      expect(await bench.renders()).toBe(renders);
      expect(await bench.page.evaluate(() => heard.length)).toBe(51);
      await bench.unmount();
    });

    test("reduces every event, and renders at most once a frame", async () => {
      const to = new Route(bench.server, [stream(price(0))]);
      await bench.mount({ url: to.url });
      await bench.shows("all", "0");
      await bench.page.evaluate(() => {
        const counts = (globalThis.counts = { frames: 0, changes: 0 });
        const nextFrame = (): void => {
          counts.frames++;
          requestAnimationFrame(nextFrame);
        };
        nextFrame();
        new MutationObserver(() => counts.changes++).observe(document.getElementById("all")!, {
          subtree: true,
          childList: true,
          characterData: true,
        });
      });
      const ids = Array.from({ length: 501 }, (_, id) => id);
      for (let id = 1; id <= 500; id++) to.arrivals[0]!.connection.write(price(id));
      await bench.shows("all", ids.join());
      const { frames, changes } = await bench.page.evaluate(() => counts);
      // A change is also possible 100 ms after a frame that did not come.
      expect(changes).toBeLessThanOrEqual(frames + 1);
      expect(changes).toBeLessThan(250);
      await bench.unmount();
    });

    test("reduces another stream from the beginning", async () => {
      const first = new Route(bench.server, [stream(price(1), price(2))]);
      const second = new Route(bench.server, [stream(price(7))]);
      await bench.mount({ url: first.url });
      await bench.shows("all", "1,2");
      await bench.update({ url: second.url });
      await bench.shows("all", "7");
      await bench.unmount();
    });

    test("shows an outage, and reconnects on request", async () => {
      const to = new Route(bench.server, [refusal(503), stream(price(7))]);
      await bench.mount({ url: to.url, options: PATIENT });
      await bench.shows("status", "waiting");
      await bench.page.click("#reconnect");
      await bench.shows("status", "open");
      await bench.shows("latest", "7");
      expect(to.count).toBe(2);
      await bench.unmount();
    });

    test("unmounted during a wait, it is closed", async () => {
      const to = new Route(bench.server, [refusal(503), refusal(503), stream(price(1))]);
      await bench.mount({
        url: to.url,
        options: { backoff: { startingDelay: 200, jitter: "none" } },
      });
      await bench.shows("status", "waiting");
      await bench.unmount();
      await bench.live(0);
      const { count } = to;
      // Several times the wait.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(to.count).toBe(count);
    });

    test("follows its URL, and has no connection without one", async () => {
      const first = new Route(bench.server, [stream(price(1))]);
      const second = new Route(bench.server, [stream()]);
      await bench.mount({ url: null });
      await bench.shows("status", "closed");
      await bench.update({ url: first.url });
      await bench.shows("latest", "1");
      await bench.update({ url: second.url });
      await bench.shows("status", "open");
      await bench.shows("latest", "none");
      await bench.live(1);
      // Another stream, which must not get an id of the first.
      expect(second.resumedAfter).toEqual([""]);
      await bench.update({ url: null });
      await bench.shows("status", "closed");
      await bench.live(0);
      expect([first.count, second.count]).toEqual([1, 1]);
      await bench.unmount();
    });

    test("a server renders it without a connection, and the page hydrates that", async () => {
      const to = new Route(bench.server, [stream(price(1))]);
      const html = await renderInNode(source, { url: to.url });
      expect(html).toMatch(/id="status"[^>]*>connecting</);
      expect(to.count).toBe(0);
      await bench.page.close();
      await bench.open(script, html);
      await bench.mount({ url: to.url });
      await bench.shows("latest", "1");
      expect(await bench.page.evaluate(() => complaints)).toEqual([]);
      expect(to.count).toBe(1);
      await bench.unmount();
      await bench.live(0);
    });

    define?.(bench);
  });
}
