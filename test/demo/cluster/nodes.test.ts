import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startCluster, type Cluster } from "../../../demo/cluster/cluster.mjs";
import { ResilientEventSource, type ResilientEventSourceOptions } from "../../../src/index.ts";
import { clusterPort } from "../../support/demo/cluster-demo.ts";
import { statusOf } from "../../support/server/status-of.ts";
import { readUntil } from "../../support/server/read-until.ts";

// The statements of demo/cluster/README.md about nchan.

const KEPT = 10;
const PAGE = "https://app.example";

let cluster: Cluster;
let published = 0;

beforeAll(async () => {
  cluster = await startCluster({ origins: [PAGE], firstPort: clusterPort, kept: KEPT });
});
afterAll(() => cluster.close());

/** Publishes this many numbered events, at both nodes in turn. */
async function publish(count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    expect(await cluster.nodes[published++ % 2]!.publish("tick", String(published))).toBe(
      "acknowledged",
    );
}

/** A node that was running may keep more in its memory. */
async function restartNodes(): Promise<void> {
  for (const node of cluster.nodes) {
    await node.kill();
    await node.start();
  }
}

/** The numbers of the last `count` published events. */
const newest = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => String(published - count + 1 + index));

const accept = { Accept: "text/event-stream" };

/** Opens a stream and reads until the text has come. */
const read = async (
  url: string,
  until: string,
  headers?: Record<string, string>,
): Promise<string> => (await readUntil(url, until, { ...accept, ...headers })).text;

const dataOf = (text: string): string[] =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data!);
const idsOf = (text: string): string[] => [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id!);

describe("the last event id", () => {
  let ids: string[];
  let last: string;

  beforeEach(async () => {
    await restartNodes();
    await publish(KEPT);
    last = `data: ${published}\n`;
    ids = idsOf(await read(cluster.nodes[0].url, last));
  });

  test("looks like time:counter, and is the same on every node", async () => {
    expect(ids).toHaveLength(KEPT);
    for (const id of ids) expect(id).toMatch(/^\d+:\d+$/);
    expect(idsOf(await read(cluster.nodes[1].url, last))).toEqual(ids);
  });

  test("is taken from the query parameter last_event_id on any node", async () => {
    for (const { url } of cluster.nodes)
      expect(dataOf(await read(`${url}?last_event_id=${ids.at(-4)!}`, last))).toEqual(newest(3));
  });

  test("is taken from the header, which wins", async () => {
    const text = await read(`${cluster.nodes[1].url}?last_event_id=${ids.at(-4)!}`, last, {
      "Last-Event-ID": ids.at(-2)!,
    });
    expect(dataOf(text)).toEqual(newest(1));
  });

  test.each(["", "?lastEventId=ID", "?last_event_id=1:1", "?last_event_id=nonsense"])(
    "if it is unknown, brings everything kept: stream%s",
    async (query) => {
      expect(
        dataOf(await read(cluster.nodes[1].url + query.replace("ID", ids.at(-4)!), last)),
      ).toEqual(newest(KEPT));
    },
  );

  test("if it is older than everything kept, brings what is kept without a word about the gap", async () => {
    await publish(KEPT + 5);
    await restartNodes();
    expect(
      dataOf(
        await read(`${cluster.nodes[0].url}?last_event_id=${ids.at(-1)!}`, `data: ${published}\n`),
      ),
    ).toEqual(newest(KEPT));
  });
});

describe("the library", () => {
  let source: ResilientEventSource;
  let heard: string[];
  beforeEach(restartNodes);
  afterEach(() => source.close());

  /** Listens to the nodes in turn. */
  function listen(options: ResilientEventSourceOptions): void {
    let turn = 0;
    heard = [];
    source = new ResilientEventSource(() => cluster.nodes[turn++ % 2]!.url, {
      backoff: { startingDelay: 0 },
      ...options,
    });
    source.on("tick", (data) => heard.push(data));
  }

  async function hearsTheNewest(): Promise<void> {
    await expect.poll(() => heard.at(-1)).toBe(String(published));
  }

  test.each([
    ["the right name brings each event once", { resume: { query: "last_event_id" } }, 0],
    ["the wrong name brings what is kept again", { resume: { query: "lastEventId" } }, KEPT - 2],
    ["dedupe drops what came before", { resume: { query: "lastEventId" }, dedupe: KEPT }, 0],
  ] as const)("%s", async (_, options, repeated) => {
    await publish(KEPT);
    listen(options);
    await hearsTheNewest();
    let openings = 0;
    source.onopen = () => openings++;
    source.reconnect();
    await expect.poll(() => openings).toBe(1);
    await publish(2);
    await hearsTheNewest();
    expect([...new Set(heard)]).toEqual(newest(KEPT + 2));
    // The last two may come before the others are read from the store, where they push two out.
    expect(heard.length - (KEPT + 2)).toBeGreaterThanOrEqual(repeated);
    if (!repeated) expect(heard).toEqual(newest(KEPT + 2));
  });

  test("a ping counts as a heartbeat", async () => {
    // Twice the time between two pings.
    const heartbeatTimeout = 10_000;
    listen({ heartbeatTimeout });
    const states: string[] = [];
    source.addEventListener("statechange", () => states.push(source.state.status));
    await new Promise((resolve) => setTimeout(resolve, 1.5 * heartbeatTimeout));
    expect(states).toEqual(["open"]);
  });
});

test("only a stream is served", async () => {
  expect((await fetch(cluster.nodes[0].url)).status).toBe(403);
});

test("another origin is refused, and the header may not cross origins", async () => {
  const { url } = cluster.nodes[0];
  const ask = (origin: string): Promise<string> => read(url, ": hi", { Origin: origin });
  expect(await ask(PAGE)).toContain(": hi");
  await expect(ask("https://other.example")).rejects.toThrow();
  const preflight = await fetch(url, {
    method: "OPTIONS",
    headers: { Origin: PAGE, "Access-Control-Request-Method": "GET" },
  });
  expect(preflight.headers.get("access-control-allow-origin")).toBe(PAGE);
  expect(preflight.headers.get("access-control-allow-headers")).not.toMatch(/last-event-id/i);
});

test("a cluster that is being closed starts no more processes", async () => {
  const other = await startCluster({ origins: [PAGE], firstPort: clusterPort + 5 });
  await other.nodes[0].kill();
  const closed = other.close();
  await expect(other.nodes[0].start()).rejects.toThrow("the cluster is closed");
  await closed;
  expect(existsSync(other.folder)).toBe(false);
});

test("a page whose name was rebound to this machine is refused, where pages listen and where events are published", async () => {
  const { url } = cluster.nodes[0];
  const conf = readFileSync(join(cluster.folder, "A.conf"), "utf8");
  const published = /listen (127\.0\.0\.1:\d+);(?=[^}]*\/publish)/.exec(conf)![1]!;
  const rebound = { Host: "evil.example", Origin: "http://evil.example" };
  expect(await statusOf(url, "GET", { ...accept, Host: rebound.Host })).toBe(403);
  for (const method of ["GET", "POST", "DELETE"]) {
    for (const headers of [rebound, { Host: rebound.Host }])
      expect(await statusOf(`http://${published}/publish`, method, headers)).toBe(403);
  }
});
