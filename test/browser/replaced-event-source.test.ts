// @module-tag slow
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { engine, type PageBrowser } from "../support/browsers/engines/engine.ts";
import { FaultServer } from "../support/server/fault-server.ts";
import { openPage, type OpenPage } from "../support/pages/page-open.ts";
import { ending, Route, stream } from "../support/pages/page-route.ts";

// The library in a page that has replaced EventSource.

let browser: PageBrowser;
let server: FaultServer;
let page: OpenPage;
beforeAll(async () => {
  browser = await engine.launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  server = await FaultServer.start();
  page = await openPage(browser, server);
});
afterEach(async () => {
  expect(await page.closeSources()).toEqual([]);
  await page.close();
  server.close();
});

test.each([undefined, "eventSourceTransport"] as const)(
  "a class that is mocked at run time is used, transport: %s",
  async (transport) => {
    const to = new Route(server, [stream("data: real\n\n")]);
    const source = await page.make(
      ({ url, transport }) => {
        class Mock extends EventTarget {
          readyState = 0;
          constructor(readonly url: string) {
            super();
            setTimeout(() => {
              this.readyState = 1;
              this.dispatchEvent(new Event("open"));
              this.dispatchEvent(
                new MessageEvent("message", { data: `mocked ${url}`, lastEventId: "7" }),
              );
            });
          }
          close(): void {
            this.readyState = 2;
          }
        }
        globalThis.EventSource = Mock as unknown as typeof EventSource;
        return connect(url, { transport });
      },
      { url: to.url, transport },
    );
    expect(await source.heard(`mocked ${to.url}`)).toMatchObject({
      status: "open",
      lastEventId: "7",
    });
    expect(to.count).toBe(0);
  },
);

test.each([
  { transport: undefined, opens: [undefined, 200] },
  { transport: "eventSourceTransport", opens: [undefined, undefined] },
] as const)(
  "our class as globalThis.EventSource does not wrap itself: $transport",
  async ({ transport, opens }) => {
    const to = new Route(server, [ending("id: 1\ndata: a\n\n"), stream("id: 2\ndata: b\n\n")]);
    const source = await page.make(
      ({ url, transport }) => {
        globalThis.EventSource = library.ResilientEventSource;
        const made = transport && library[transport]();
        // As code written for EventSource would use it, apart from the options that our tests need.
        const options = { backoff: { startingDelay: 0 }, transport: made } as EventSourceInit;
        return watch(new EventSource(url, options) as unknown as Parameters<typeof watch>[0]);
      },
      { url: to.url, transport },
    );
    // A connection that opens without a status is native.
    expect(await source.heard("b")).toMatchObject({
      opens,
      events: [{ data: "a" }, { data: "b" }],
    });
    expect(to.resumedAfter).toEqual(["", "1"]);
    expect(to.count).toBe(2);
  },
);

test.each(["function", "bound class", "Proxy", "class that makes one later"])(
  "a %s that makes sources of ours as globalThis.EventSource: the browser's own is used",
  async (kind) => {
    const to = new Route(server, [ending("id: 1\ndata: a\n\n"), stream("id: 2\ndata: b\n\n")]);
    const source = await page.make(
      ({ url, kind }) => {
        const { ResilientEventSource: Ours } = library;
        const Native = EventSource;
        let made = 0;
        const count = (): void => {
          if (++made > 100) throw new Error("endless");
        };
        const replacements: Record<string, unknown> = {
          function: (url: string) => {
            count();
            return new Ours(url);
          },
          "bound class": Ours.bind(null),
          Proxy: new Proxy(Native, {
            construct(_, [url]) {
              count();
              return new Ours(url as string);
            },
          }),
          "class that makes one later": class extends EventTarget {
            readyState = 0;
            inner: { close(): void } | undefined;
            constructor(url: string) {
              super();
              count();
              setTimeout(() => {
                const inner = new Ours(url);
                this.inner = inner;
                for (const type of ["open", "error"] as const)
                  inner.addEventListener(type, () => this.dispatchEvent(new Event(type)));
                inner.addEventListener("message", ({ data, lastEventId }) =>
                  this.dispatchEvent(new MessageEvent("message", { data, lastEventId })),
                );
              });
            }
            close(): void {
              this.inner?.close();
            }
          },
        };
        // An arrow function cannot be called with `new`.
        const replacement = replacements[kind];
        globalThis.EventSource = (
          kind === "function"
            ? function (url: string) {
                return (replacement as (url: string) => unknown)(url);
              }
            : replacement
        ) as typeof EventSource;
        return connect(url, { backoff: { startingDelay: 0 } });
      },
      { url: to.url, kind },
    );
    // A connection that opens without a status is native.
    expect(await source.heard("b")).toMatchObject({
      opens: [undefined, 200],
      events: [{ data: "a" }, { data: "b" }],
    });
    expect(to.resumedAfter).toEqual(["", "1"]);
  },
);

test("a second copy of the package, loaded after the first became globalThis.EventSource, wraps neither", async () => {
  const to = new Route(server, [stream("data: a\n\n")]);
  await page.page.evaluate(
    () => (globalThis.EventSource = library.ResilientEventSource as unknown as typeof EventSource),
  );
  // The script-tag file is a copy of its own: the modules share their chunks, however they are
  // imported. Its class has all other exports as members.
  await page.page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const script = document.createElement("script");
        script.src = "/dist/resilient-eventsource.min.js";
        script.onload = () => {
          globalThis.library = (
            globalThis as unknown as { ResilientEventSource: typeof library }
          ).ResilientEventSource;
          resolve();
        };
        script.onerror = reject;
        document.head.append(script);
      }),
  );
  const source = await page.connect(to.url);
  expect(await source.heard("a")).toMatchObject({ opens: [200] });
  expect(to.count).toBe(1);
});
