import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { engine, type PageBrowser } from "../browsers/engines/engine.ts";
import { FaultServer, type Scenario } from "../server/fault-server.ts";
import { openPage, type OpenPage, type PageSource } from "./page-open.ts";
import { Route } from "./page-route.ts";
import type { ConnectOptions } from "./page-watch.ts";

interface Row {
  transport: ConnectOptions["transport"];
  /**
   * How the first connection fails, whatever the cause. The next one, by fetch, learns the reason.
   */
  first: readonly string[];
}

const rows: Record<string, Row> = {
  "the default transport": { transport: undefined, first: ["rejected"] },
  fetch: { transport: "fetchTransport", first: [] },
};

/** A page, its server, and the transport that its sources use. */
export class Bench implements Row {
  server!: FaultServer;
  page!: OpenPage;
  browser!: PageBrowser;
  readonly transport: Row["transport"];
  readonly first: Row["first"];

  constructor(row: Row) {
    this.transport = row.transport;
    this.first = row.first;
  }

  get isDefault(): boolean {
    return this.transport === undefined;
  }

  async start(browser: PageBrowser): Promise<void> {
    this.browser = browser;
    this.server = await FaultServer.start();
    this.page = await openPage(browser, this.server);
  }

  async stop(): Promise<void> {
    await this.page.close();
    this.server.close();
  }

  route(...answers: Scenario[]): Route {
    return new Route(this.server, answers);
  }

  /** Every wait is the shortest possible one unless the options say otherwise. */
  connect(url: string, options: ConnectOptions = {}): Promise<PageSource> {
    return this.page.connect(url, {
      backoff: { startingDelay: 0 },
      transport: this.transport,
      ...options,
    });
  }

  /** Connects to several routes at once and returns the notes of each, by name. */
  async outcomes<Outcome>(
    answers: Record<string, Scenario[]>,
    look: (source: PageSource, route: Route) => Promise<Outcome>,
    options?: ConnectOptions,
  ): Promise<Record<string, Outcome>> {
    const entries = Object.entries(answers).map(
      async ([name, answers]): Promise<[string, Outcome]> => {
        const route = this.route(...answers);
        return [name, await look(await this.connect(route.url, options), route)];
      },
    );
    return Object.fromEntries(await Promise.all(entries));
  }
}

/**
 * Defines tests once for the default transport and once for fetch, each in a page of its own. After
 * each test nothing may be left.
 */
export function describeTransports(define: (bench: Bench) => void): void {
  let browser: PageBrowser;
  beforeAll(async () => {
    browser = await engine.launch();
  });
  afterAll(() => browser.close());

  describe.each(Object.entries(rows))("%s", (_, row) => {
    const bench = new Bench(row);
    beforeAll(() => bench.start(browser));
    afterAll(() => bench.stop());
    afterEach(async () => {
      expect(await bench.page.closeSources(), "errors that nobody caught").toEqual([]);
      await expect.poll(() => bench.server.live("/stream/")).toBe(0);
    });
    define(bench);
  });
}
