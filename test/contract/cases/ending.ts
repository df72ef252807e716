import { expect, it } from "vitest";
import { rows, type Bench } from "../contract.ts";
import type { TransportAbilities } from "../../../src/transport/transport.ts";
import type { Settlement } from "../harness.ts";
import type { FaultConnection, HeadInit } from "../../support/server/fault-server.ts";

interface Ending {
  /** Gets the number of bytes that will be sent. */
  head?: (length: number) => HeadInit;
  end: (connection: FaultConnection) => void;
  /** True if the server ended the stream; false for a fault. */
  isRegular: boolean;
  /** See KEPT. */
  isRegularToNode?: boolean;
  /** True if the cut is between two chunks. */
  isBetweenChunks?: boolean;
}

/**
 * Node's fetch (undici in Node 20) takes any end of a connection without keep-alive for the end of
 * the body.
 */
const KEPT = { Connection: undefined };

const chunked = (): HeadInit => ({ chunked: true });
const keptChunked = (): HeadInit => ({ chunked: true, headers: KEPT });
const promising = (length: number): HeadInit => ({ headers: { "Content-Length": String(length) } });
const keptPromising = (length: number): HeadInit => ({
  headers: { "Content-Length": String(length + 1), ...KEPT },
});

const endings: Record<string, Ending> = {
  "the end of the connection": { end: (connection) => connection.end(), isRegular: true },
  "the last chunk": { head: chunked, end: (connection) => connection.end(), isRegular: true },
  "the promised length": {
    head: promising,
    end: (connection) => connection.end(),
    isRegular: true,
  },
  "a FIN between chunks": {
    head: keptChunked,
    end: (connection) => connection.cut(),
    isRegular: false,
    isBetweenChunks: true,
  },
  "a FIN within a chunk": {
    head: keptChunked,
    end: (connection) => connection.raw("10\r\nabc").cut(),
    isRegular: false,
  },
  "a FIN before the promised length": {
    head: keptPromising,
    end: (connection) => connection.cut(),
    isRegular: false,
  },
  "an RST": { end: (connection) => connection.reset(), isRegular: false, isRegularToNode: true },
  "an RST between chunks": {
    head: keptChunked,
    end: (connection) => connection.reset(),
    isRegular: false,
  },
};

const WHOLE = "id: 1\ndata: a\n\n";
/** Each begins an event with an id and does not end it. */
const halves = [
  "id: 2\ndata: half",
  "id: 2\ndata: half\n",
  "id: 2\ndata: half\r\n",
  "id: 2\n",
  "id: 2",
  "data: half\nid: 2\n",
  "event: message\nid: 2\ndata: half\n: comment\n",
];

export function ending(bench: Bench): void {
  const expectEnd = (
    settled: Settlement,
    { isRegular, isRegularToNode = isRegular, isBetweenChunks }: Ending,
    { status }: TransportAbilities,
  ) => {
    const isEnd = bench.isPage
      ? isRegular || (bench.traits.endsBetweenChunks && isBetweenChunks)
      : isRegularToNode;
    // To an EventSource every end is a cut.
    if (status && isEnd) expect(settled).toEqual({ call: "resolved" });
    else expect(settled).toMatchObject({ call: "rejected", reason: "network" });
  };

  rows(endings, async (ending) => {
    const { head, end } = ending;
    const { client, connection } = await bench.request();
    connection.head(head?.(WHOLE.length)).write(WHOLE);
    await client.received("a");
    end(connection);
    expectEnd(await client.end(), ending, client.abilities);
    expect(client.data).toEqual(["a"]);
  });

  for (const [name, ending] of Object.entries(endings)) {
    const { head, end } = ending;
    it(`an event cut in two by ${name} is dropped`, async () => {
      const cutIn = async (half: string): Promise<void> => {
        const { client, connection } = await bench.request();
        connection.head(head?.(WHOLE.length + half.length)).write(WHOLE);
        await client.received("a");
        connection.write(half);
        end(connection);
        expectEnd(await client.end(), ending, client.abilities);
        expect(client.data, JSON.stringify(half)).toEqual(["a"]);
        expect(client.resumePoint, JSON.stringify(half)).toBe("1");
      };
      await Promise.all(halves.map(cutIn));
    });
  }

  it("everything sent before the end arrives before the end", async () => {
    const { client, connection } = await bench.request();
    const sent = Array.from({ length: 1000 }, (_, index) => String(index));
    connection
      .head()
      .write(sent.map((data) => `data: ${data}\n\n`).join(""))
      .end();
    await client.end();
    expect(client.data).toEqual(sent);
  });

  it("events sent before a cut are delivered, however slow the listeners are", async () => {
    const { client, connection } = await bench.open({ head: keptChunked(), listening: 2 });
    // Few enough for one chunk.
    const sent = Array.from({ length: 200 }, (_, index) => String(index));
    connection.write(sent.map((data) => `id: ${data}\ndata: ${data}\n\n`).join(""));
    await client.received("0");
    connection.reset();
    await client.end();
    expect(client.data).toEqual(
      bench.traits.dropsChunks ? sent.slice(0, client.data.length) : sent,
    );
    // The client asks again for the dropped event.
    expect(client.resumePoint).toBe(client.data.at(-1));
  });

  it("a stream that ends without a byte", async () => {
    const { client, connection } = await bench.request();
    connection.head().end();
    // Firefox and WebKit open at the first byte, so there such a stream has never opened.
    const settled = await client.end();
    if (client.abilities.status)
      expect(client.entries).toMatchObject([{ call: "open" }, { call: "resolved" }]);
    else expect(settled).toMatchObject({ call: "rejected", reason: "network" });
  });

  it("an abort before the start sends no request", async () => {
    const path = bench.newPath();
    const client = await bench.connect({ url: bench.home.origin + path, abortIn: "start" });
    expect(await client.end()).toEqual({ call: "resolved" });
    expect(client.entries).toHaveLength(1);
    expect(bench.home.requestsTo(path)).toEqual([]);
  });

  it("an abort while the server does not answer", async () => {
    const { client, connection } = await bench.request();
    await client.abort();
    expect(await client.end()).toEqual({ call: "resolved" });
    expect(client.entries).toHaveLength(1);
    await connection.closed;
  });

  it("an abort before the request is sent", async () => {
    const path = bench.newPath();
    bench.home.serve(path, () => undefined);
    const client = await bench.connect({ url: bench.home.origin + path });
    await client.abort();
    expect(await client.end()).toEqual({ call: "resolved" });
    expect(client.entries).toHaveLength(1);
  });

  it("an abort within the head", async () => {
    const { client, connection } = await bench.request();
    connection.raw("HTTP/1.1 200 OK\r\nContent-Type: text/ev");
    await client.abort();
    expect(await client.end()).toEqual({ call: "resolved" });
    await connection.closed;
  });

  it("an abort while open", async () => {
    const { client, connection } = await bench.open();
    connection.write("data: a\n\ndata: half\n");
    await client.received("a");
    await client.abort();
    expect(await client.end()).toEqual({ call: "resolved" });
    connection.write("data: late\n\n");
    await connection.closed;
    expect(client.data).toEqual(["a"]);
  });

  it("an abort within open", async () => {
    const { client, connection } = await bench.request({ abortIn: "open" });
    connection.head().write("data: a\n\n");
    expect(await client.end()).toEqual({ call: "resolved" });
    await connection.closed;
    expect(client.data).toEqual([]);
  });

  it("an abort in the middle of a burst", async () => {
    const { client, connection } = await bench.request({ abortIn: "event" });
    const all = 50_000;
    connection.head().write("data: a\n\n".repeat(all));
    expect(await client.end()).toEqual({ call: "resolved" });
    await connection.closed;
    expect(client.events.length).toBeLessThan(all);
  });

  it("one connection's failure does not touch another", async () => {
    const healthy = await bench.open();
    const failing = await bench.request();
    const cutting = await bench.open({ head: keptChunked() });
    failing.connection.head({ status: 500 }).end();
    cutting.connection.reset();
    expect((await failing.client.end()).call).toBe("rejected");
    expect((await cutting.client.end()).call).toBe("rejected");
    healthy.connection.write("id: 1\ndata: still here\n\n");
    await healthy.client.received("still here");
    expect(healthy.client.settled).toBeUndefined();
  });
}
