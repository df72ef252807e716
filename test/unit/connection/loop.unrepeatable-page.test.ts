import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  fetchTransport,
  ResilientEventSource,
  type ConnectionError,
  type FetchContext,
  type FetchInit,
  type ResilientEventSourceOptions,
} from "../../../src/index.ts";
import { refusal, Route, stream } from "../../support/pages/page-route.ts";
import { FaultServer, type Scenario } from "../../support/server/fault-server.ts";
import { usePage } from "../../support/unit/page.ts";

// One answer by POST while its page freezes, hides or drains: the requests are counted at a server.

const page = usePage();
let server: FaultServer;
const sources: ResilientEventSource[] = [];
beforeAll(async () => {
  server = await FaultServer.start();
});
afterAll(() => server.close());
// usePage() looks for listeners that are left after it.
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
});

type Init = FetchInit | ((context: FetchContext) => FetchInit);
const POST = { method: "POST", body: "{}" };
/** The first attempt asks the question, and later ones ask for the rest of the answer. */
const startByPost = ({ lastEventId }: FetchContext): FetchInit => (lastEventId ? {} : POST);

interface Reader {
  readonly source: ResilientEventSource;
  readonly got: string[];
  readonly errors: ConnectionError[];
}

function open(route: Route, init: Init, options?: ResilientEventSourceOptions): Reader {
  const source = new ResilientEventSource(route.url, {
    transport: fetchTransport(init),
    backoff: { startingDelay: 0 },
    pauseWhenHidden: 1,
    ...options,
  });
  sources.push(source);
  const reader: Reader = { source, got: [], errors: [] };
  source.on("message", (data) => reader.got.push(data));
  source.addEventListener("error", ({ error }) => reader.errors.push(error));
  return reader;
}

interface Half extends Reader {
  readonly route: Route;
  /** A source of the same page that only reads. */
  readonly other: ResilientEventSource;
}

/**
 * A source that has received half of an answer. Its body has chunks and its connection is kept
 * alive: otherwise Node's fetch takes a cut for the end.
 */
async function openHalf(init: Init): Promise<Half> {
  const piece =
    (text: string): Scenario =>
    (_, connection) =>
      connection.head({ chunked: true, headers: { Connection: "keep-alive" } }).write(text);
  const route = new Route(server, [piece("id: 1\ndata: Hel\n\n"), piece("id: 2\ndata: lo\n\n")]);
  const other = open(new Route(server, [piece(":\n\n")]), {}).source;
  const reader = open(route, init);
  await expect.poll(() => reader.got).toEqual(["Hel"]);
  await expect.poll(() => other.state.status).toBe("open");
  return { ...reader, route, other };
}

const methods = ({ arrivals }: Route): string[] => arrivals.map(({ request }) => request.method);

/** Waits until another source has retried several times: there was time for another request. */
async function severalRetries(): Promise<void> {
  const route = new Route(server, [refusal(503)]);
  const { source } = open(route, {});
  await expect.poll(() => route.count).toBeGreaterThanOrEqual(5);
  source.close();
}

const otherIsPaused = ({ other }: Half): Promise<void> =>
  expect.poll(() => other.state.status).toBe("paused");

const interruptions: Record<string, (half: Half) => Promise<void>> = {
  "a page that freezes": (half) => {
    page.current.fire("freeze");
    return otherIsPaused(half);
  },
  "a page that is cached": (half) => {
    page.current.window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: true }));
    return otherIsPaused(half);
  },
  "a hidden page with pauseWhenHidden": (half) => {
    page.current.setHidden(true);
    return otherIsPaused(half);
  },
  "a drain": async ({ source }) => {
    source.reconnect({ within: 0 });
    await severalRetries();
  },
};

function comeBack(): void {
  page.current.setHidden(false);
  page.current.fire("resume", "pageshow");
}

describe.each(Object.entries(interruptions))("%s", (_, interrupt) => {
  test("keeps a POST, which goes on and is not sent again", async () => {
    const reader = await openHalf(POST);
    await interrupt(reader);
    expect(reader.source.state.status).toBe("open");
    const { connection } = reader.route.arrivals[0]!;
    connection.write("id: 2\ndata: lo\n\n");
    await expect.poll(() => reader.got).toEqual(["Hel", "lo"]);
    comeBack();
    await severalRetries();
    connection.end();
    await expect.poll(() => reader.errors).toMatchObject([{ reason: "ended", expected: true }]);
    expect(reader.source.state).toEqual({ status: "closed" });
    expect(methods(reader.route)).toEqual(["POST"]);
  });

  test("does not repeat a POST that is lost meanwhile: it closes with network", async () => {
    const reader = await openHalf(POST);
    await interrupt(reader);
    reader.route.arrivals[0]!.connection.reset();
    await expect.poll(() => reader.errors).toMatchObject([{ reason: "network" }]);
    expect(reader.source.state.status).toBe("closed");
    comeBack();
    await severalRetries();
    expect(methods(reader.route)).toEqual(["POST"]);
  });

  test("goes on as init says where that is a function: a GET after the last id", async () => {
    const reader = await openHalf(startByPost);
    await interrupt(reader);
    comeBack();
    await expect.poll(() => reader.got).toEqual(["Hel", "lo"]);
    expect(methods(reader.route)).toEqual(["POST", "GET"]);
    expect(reader.route.resumedAfter).toEqual(["", "1"]);
    expect(reader.errors).toEqual([]);
  });
});

test("a POST that was not sent yet waits for its page, and is sent once", async () => {
  const route = new Route(server, [stream("data: a\n\n")]);
  const reader = open(route, POST);
  page.current.fire("freeze");
  await expect.poll(() => reader.source.state).toEqual({ status: "paused", reason: "frozen" });
  comeBack();
  await expect.poll(() => reader.got).toEqual(["a"]);
  expect(methods(route)).toEqual(["POST"]);
});
