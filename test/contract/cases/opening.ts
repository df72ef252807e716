import { expect, it } from "vitest";
import { rows, type Bench } from "../contract.ts";
import type { Connection } from "../harness.ts";
import type { FaultConnection, HeadInit } from "../../support/server/fault-server.ts";

const WEEK = 7 * 24 * 60 * 60 * 1000;
/** The clock of the server, which is an hour behind. */
const NOW = new Date(Date.now() - 60 * 60 * 1000);
const NEXT_WEEK = new Date(NOW.getTime() + WEEK);

/**
 * Answers that are not an event stream, and how much of each is known: everything, or what a native
 * EventSource reveals.
 */
interface Refusal {
  head: HeadInit;
  reason: string;
  status?: number;
  /** In milliseconds. */
  retryAfter?: number;
  /** The body never ends: a transport that refuses an answer has to cancel it. */
  isEndless?: boolean;
}

const refusals: Record<string, Refusal> = {
  "204": {
    head: { status: 204, headers: { "Content-Type": undefined } },
    reason: "status",
    status: 204,
  },
  "401": { head: { status: 401 }, reason: "status", status: 401 },
  "404 with a page": {
    head: { status: 404, headers: { "Content-Type": "text/html" } },
    reason: "status",
    status: 404,
  },
  "500": { head: { status: 500 }, reason: "status", status: 500 },
  "500 without an end": {
    isEndless: true,
    head: { status: 500 },
    reason: "status",
    status: 500,
  },
  "503 with Retry-After in seconds": {
    head: { status: 503, headers: { "Retry-After": "7" } },
    reason: "status",
    status: 503,
    retryAfter: 7000,
  },
  "503 with Retry-After as a date": {
    head: {
      status: 503,
      headers: { "Retry-After": NEXT_WEEK.toUTCString(), Date: NOW.toUTCString() },
    },
    reason: "status",
    status: 503,
    retryAfter: WEEK,
  },
  "503 with Retry-After as a date, and no Date": {
    head: { status: 503, headers: { "Retry-After": NEXT_WEEK.toUTCString() } },
    reason: "status",
    status: 503,
  },
  "429 with a Retry-After of nonsense": {
    head: { status: 429, headers: { "Retry-After": "soon" } },
    reason: "status",
    status: 429,
  },
  "a page with 200, without an end": {
    isEndless: true,
    head: { headers: { "Content-Type": "text/html" } },
    reason: "content-type",
    status: 200,
  },
  "JSON with 200": {
    head: { headers: { "Content-Type": "application/json" } },
    reason: "content-type",
    status: 200,
  },
  "no Content-Type": {
    head: { headers: { "Content-Type": undefined } },
    reason: "network",
    status: 200,
  },
};

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

const cuts: Record<string, (connection: FaultConnection) => void> = {
  "accepts and closes": (connection) => connection.cut(),
  "accepts and resets": (connection) => connection.reset(),
  "resets within the head": (connection) => {
    connection.raw(HEAD.slice(0, 30));
    setTimeout(() => connection.reset(), 5);
  },
};

export function opening(bench: Bench): void {
  const { traits } = bench;

  rows(refusals, async ({ head, reason, status, retryAfter, isEndless }) => {
    const { client, connection } = await bench.request();
    connection.head(head);
    if (head.status !== 204) connection.write("data: not for us\n\n");
    if (!isEndless) connection.end();
    const settled = await client.end();
    if (traits.keepsRefusedBodies) connection.cut();
    if (client.abilities.status) {
      expect(settled).toMatchObject({ call: "rejected", reason, status });
      expect(settled).toMatchObject({ retryAfter: retryAfter ?? null });
    } else if (traits.tellsStatus && reason === "status") {
      expect(settled).toMatchObject({ call: "rejected", reason, status });
    } else {
      expect(settled).toMatchObject({ call: "rejected", reason: "rejected", status: null });
    }
    expect(client.entries).toHaveLength(1);
  });

  rows(cuts, async (cut) => {
    const client = await bench.meet(cut);
    expect(await client.end()).toMatchObject({ call: "rejected", reason: "network" });
    expect(client.entries).toHaveLength(1);
  });

  it("answers something that is not HTTP", async () => {
    const client = await bench.meet((connection) =>
      connection.raw("SSH-2.0-OpenSSH_9.2\r\n").cut(),
    );
    // An EventSource that takes this for HTTP refuses it for its missing type. To us that is
    // `network`, too.
    const reason = traits.takesTextForAnswer && !client.abilities.status ? "rejected" : "network";
    expect(await client.end()).toMatchObject({ call: "rejected", reason });
    expect(client.entries).toHaveLength(1);
  });

  it("a head cut at any byte is retried", async () => {
    const cutAt = async (length: number): Promise<void> => {
      const client = await bench.meet((connection) => connection.raw(HEAD.slice(0, length)).cut());
      const settled = await client.end();
      const outcome = settled.call === "resolved" ? "resolved" : settled.reason;
      // A native EventSource cannot tell, and `rejected` is retried, too. Chromium takes the head
      // for complete if there was no TLS.
      const retried = client.abilities.status
        ? ["network", "resolved"]
        : ["network", "resolved", "rejected"];
      expect(
        retried,
        `after ${JSON.stringify(HEAD.slice(0, length))}: ${JSON.stringify(settled)}`,
      ).toContain(outcome);
      expect(client.events).toEqual([]);
    };
    await Promise.all(Array.from(HEAD, (_, length) => cutAt(length)));
  });

  it("a refused connection, then the same port again", async () => {
    const url = bench.away.origin + bench.newPath();
    bench.away.stopListening();
    try {
      const refused = await bench.connect({ url });
      const reason = traits.givesUpEarly ? "rejected" : "network";
      expect(await refused.end()).toMatchObject({ call: "rejected", reason, status: null });
    } finally {
      await bench.away.listen();
    }
    const { client } = await bench.open({ server: bench.away });
    expect(client.settled).toBeUndefined();
  });

  it("a type with a parameter", async () => {
    const { client, connection } = await bench.open({
      head: { headers: { "Content-Type": "text/event-stream;charset=utf-8" } },
    });
    connection.write("data: é\n\n");
    await client.received("é");
  });

  it("reports status and headers of the answer where it can see them", async () => {
    const { client } = await bench.open();
    const details = client.abilities.status
      ? { status: 200, contentType: "text/event-stream" }
      : { status: null, contentType: null };
    expect(client.entries.find(({ call }) => call === "open")).toEqual({
      call: "open",
      ...details,
    });
  });

  it("opens before the first event", async () => {
    const { client, connection } = await bench.request();
    connection.head().write("data: a\n\n");
    await client.received("a");
    expect(client.entries[0]).toMatchObject({ call: "open" });
  });

  it("does not read a stream from the cache", async () => {
    const path = bench.newPath();
    const head: HeadInit = { chunked: true, headers: { "Cache-Control": "max-age=3600" } };
    bench.home.serve(path, (_, connection) => connection.head(head).write("data: a\n\n").end());
    for (const time of [1, 2]) {
      const client = await bench.connect({ url: bench.home.origin + path });
      await client.end();
      expect(client.data).toEqual(["a"]);
      expect(bench.home.requestsTo(path)).toHaveLength(traits.obeysCache ? 1 : time);
    }
  });

  it("sends Accept: text/event-stream", async () => {
    const { request } = await bench.open();
    expect(request.method).toBe("GET");
    expect(request.headers.get("accept")).toBe("text/event-stream");
    expect(request.headers.has("last-event-id")).toBe(false);
    expect(request.query).toBe("");
  });

  const letGo = async (client: Connection, connection: FaultConnection): Promise<void> => {
    await client.abort();
    await client.end();
    if (traits.holdsRedirected) connection.write(":\n\n");
    await connection.closed;
  };

  it("follows a redirect", async () => {
    const target = bench.newPath();
    const arrived = bench.home.accept(target);
    const { client, connection } = await bench.request();
    connection
      .head({ status: 307, headers: { Location: `${target}?to=here`, "Content-Type": undefined } })
      .end();
    const { request, connection: second } = await arrived;
    expect(request.query).toBe("to=here");
    second.head().write("data: a\n\n");
    await client.received("a");
    await letGo(client, second);
  });

  it("follows a redirect to another origin, which its events then name", async () => {
    const target = bench.newPath();
    const arrived = bench.away.accept(target, { cors: true });
    const { client, connection } = await bench.request();
    connection
      .head({
        status: 307,
        headers: { Location: bench.away.origin + target, "Content-Type": undefined },
      })
      .end();
    const { connection: second } = await arrived;
    second.head().write("data: a\n\n");
    await client.received("a");
    await letGo(client, second);
    expect(client.events[0]!.origin).toBe(traits.hidesOrigin ? null : bench.away.origin);
  });

  it("gives up on a redirect loop", async () => {
    const path = bench.newPath();
    bench.home.serve(path, (_, connection) =>
      connection
        .head({ status: 307, headers: { Location: path, "Content-Type": undefined } })
        .end(),
    );
    const client = await bench.connect({ url: bench.home.origin + path });
    const settled = await client.end();
    expect(settled).toMatchObject({ call: "rejected", status: null });
    const reasons = client.abilities.status ? ["network"] : ["network", "rejected"];
    expect(reasons).toContain((settled as { reason: string }).reason);
    expect(bench.home.requestsTo(path).length).toBeLessThan(50);
  });
}
