import { EventSource as PackageEventSource } from "eventsource";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type * as Library from "../../src/index.ts";
import { FaultServer } from "../support/server/fault-server.ts";

// A page that has replaced EventSource by something that makes sources of ours. Without a defence
// every source makes another one, without end.

type Source = Library.ResilientEventSource;
type Ours = typeof Library.ResilientEventSource;

/** More would be an endless recursion: some kinds show themselves only after 20. */
const MOST = 40;

/** Passes events on from a source that it hides. */
abstract class Hiding extends EventTarget {
  protected inner: Source | undefined;
  private isClosed = false;

  get readyState(): number {
    return this.isClosed ? 2 : (this.inner?.readyState ?? 0);
  }
  close(): void {
    this.isClosed = true;
    this.inner?.close();
  }
  protected hide(make: () => Source): void {
    if (this.isClosed) return;
    this.inner = make();
    for (const type of ["open", "error"] as const)
      this.inner.addEventListener(type, () => this.dispatchEvent(new Event(type)));
    this.inner.addEventListener("message", ({ data, lastEventId }) =>
      this.dispatchEvent(new MessageEvent("message", { data, lastEventId })),
    );
  }
}

/** Replacements for `globalThis.EventSource`. `count` is called for each instance. */
const replacements: Record<string, (Ours: Ours, count: () => void) => unknown> = {
  "the class": (Ours) => Ours,
  "a subclass": (Ours) => class extends Ours {},
  "a bound class": (Ours) => Ours.bind(null),
  "a function": (Ours, count) =>
    function (url: string) {
      count();
      return new Ours(url);
    },
  "a function with options of its own": (Ours, count) =>
    function (url: string, init: object) {
      count();
      return new Ours(url, { ...init, backoff: { startingDelay: 0 } });
    },
  "a Proxy of the class": (Ours) => new Proxy(Ours, {}),
  "a Proxy of a class of others, with a construct trap": (Ours, count) =>
    new Proxy(PackageEventSource, {
      construct: (_, [url]) => {
        count();
        return new Ours(url as string);
      },
    }),
  "a class that hides one": (Ours, count) =>
    class extends Hiding {
      constructor(url: string) {
        super();
        count();
        this.hide(() => new Ours(url));
      }
    },
  "a class that makes one in a microtask": (Ours, count) =>
    class extends Hiding {
      constructor(url: string) {
        super();
        count();
        queueMicrotask(() => this.hide(() => new Ours(url)));
      }
    },
  "a class that makes one in a task": (Ours, count) =>
    class extends Hiding {
      constructor(url: string) {
        super();
        count();
        setTimeout(() => this.hide(() => new Ours(url)));
      }
    },
  "a class that makes one for a proxy's URL": (Ours, count) =>
    class extends Hiding {
      constructor(url: string) {
        super();
        count();
        const target = new URL(url);
        target.search = `?via=${encodeURIComponent(url)}`;
        setTimeout(() => this.hide(() => new Ours(target)));
      }
    },
};

let server: FaultServer;
let made = 0;
const sources: Source[] = [];
beforeAll(async () => {
  server = await FaultServer.start();
  server.serve("/stream", (_, connection) => connection.head().write("id: 1\ndata: a\n\n"));
});
afterAll(() => server.close());
beforeEach(() => {
  // Every test has a page of its own: what the library has learnt of a class outlives a source.
  vi.resetModules();
  made = 0;
  server.requests.length = 0;
});
afterEach(async () => {
  for (const source of sources.splice(0)) source.close();
  vi.unstubAllGlobals();
  await expect.poll(() => server.live("/stream"), { interval: 2 }).toBe(0);
});

/** Loads the library before or after EventSource is replaced. */
async function load(replace: (Ours: Ours, count: () => void) => unknown, native?: unknown) {
  vi.stubGlobal("EventSource", native);
  const library = await import("../../src/index.ts");
  const replacement = replace(library.ResilientEventSource, () => {
    if (++made > 10 * MOST) throw new Error("endless");
  });
  vi.stubGlobal("EventSource", replacement);
  return { library, replacement };
}

function open(library: typeof Library, options: Library.ResilientEventSourceOptions = {}) {
  const source = new library.ResilientEventSource(`${server.origin}/stream`, {
    backoff: { startingDelay: 0 },
    ...options,
  });
  sources.push(source);
  const statuses: (number | undefined)[] = [];
  source.addEventListener("open", ({ status }) => statuses.push(status));
  const heard = new Promise<string>((resolve, reject) => {
    source.on("message", resolve);
    source.addEventListener("error", ({ readyState, error }) => {
      if (readyState === 2) reject(error);
    });
  });
  return { source, statuses, heard };
}

describe.each(Object.entries(replacements))("%s as globalThis.EventSource", (_, replace) => {
  test("the platform's own is used where there is one", async () => {
    const { library } = await load(replace, PackageEventSource);
    const { heard, statuses } = open(library);
    expect(await heard).toBe("a");
    // EventSource tells no status.
    expect(statuses).toEqual([undefined]);
    expect(server.requests).toHaveLength(1);
    expect(made).toBeLessThan(MOST);
    // It is known now.
    const before = made;
    expect(await open(library).heard).toBe("a");
    expect(made).toBe(before);
  });

  test("fetch is used where there is none", async () => {
    const { library } = await load(replace);
    expect(await open(library).heard).toBe("a");
    expect(made).toBeLessThan(MOST);
    expect(server.requests).toHaveLength(1);
  });

  test("eventSourceTransport() says so where there is none", async () => {
    const { library } = await load(replace);
    const transport = (): Library.Transport => library.eventSourceTransport();
    // The first one may have been opened by the sources that its EventSource made.
    await open(library, { transport: transport() }).heard.catch(() => undefined);
    await expect(open(library, { transport: transport() }).heard).rejects.toMatchObject({
      reason: "unsupported",
      message: expect.stringContaining("makes sources of this library"),
    });
    expect(made).toBeLessThan(MOST);
  });
});

test.each(["a bound class", "a function", "a function with options of its own"])(
  "%s given to eventSourceTransport is refused",
  async (kind) => {
    const { library, replacement } = await load(replacements[kind]!, PackageEventSource);
    const transport = library.eventSourceTransport(replacement as Library.EventSourceClass);
    await expect(open(library, { transport }).heard).rejects.toMatchObject({
      reason: "unsupported",
    });
    expect(made).toBeLessThan(2);
  },
);

test("a class of others that is busy connecting is not taken for one of ours", async () => {
  const { library } = await load(() => PackageEventSource);
  const all = Array.from({ length: 60 }, () => open(library));
  expect(await Promise.all(all.map(({ heard }) => heard))).toEqual(all.map(() => "a"));
  expect(all.flatMap(({ statuses }) => statuses)).toEqual(all.map(() => undefined));
  expect(await open(library).heard).toBe("a");
});
