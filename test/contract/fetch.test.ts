import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ConnectionError } from "../../src/errors.ts";
import { fetchTransport } from "../../src/transport/fetch.ts";
import type { FetchContext, FetchInit } from "../../src/transport/http/request.ts";
import { FaultServer } from "../support/server/fault-server.ts";
import { Connection, inNode } from "./harness.ts";
import type { ConnectOptions } from "./recorder.ts";

/** The parts that only fetch has: `init` and a custom `fetch`. The contract covers the rest. */
describe("fetchTransport", () => {
  let server: FaultServer;
  let path = 0;
  beforeAll(async () => (server = await FaultServer.start()));
  afterAll(() => server.close());
  afterEach(() => expect.poll(() => server.live("/"), { interval: 2 }).toBe(0));

  const connect = async (
    transport: ReturnType<typeof fetchTransport>,
    options: Partial<ConnectOptions> = {},
  ) =>
    new Connection(
      transport.abilities!,
      await inNode(() => transport).connect({ url: `${server.origin}/none`, ...options }),
    );
  const request = async (
    transport: ReturnType<typeof fetchTransport>,
    options: Partial<ConnectOptions> = {},
  ) => {
    const accepted = server.accept(`/${++path}`);
    const client = await connect(transport, { url: `${server.origin}/${path}`, ...options });
    return { client, ...(await accepted) };
  };

  const abortError = () => new DOMException("someone else's", "AbortError");
  const never = new Promise<never>(() => {});
  const eventStream = (body: ReadableStream | string | null) =>
    new Response(body, { headers: { "Content-Type": "text/event-stream" } });

  it("sends the headers, method and body of init", async () => {
    const { request: received, client } = await request(
      fetchTransport({
        method: "POST",
        body: "question",
        headers: { Authorization: "Bearer 1", Accept: "text/event-stream, text/plain" },
      }),
    );
    expect(received.method).toBe("POST");
    expect(received.headers.get("content-length")).toBe("8");
    expect(received.headers.get("authorization")).toBe("Bearer 1");
    expect(received.headers.get("accept")).toBe("text/event-stream, text/plain");
    await client.abort();
    await client.end();
  });

  it("sends the resume id once, even if init sets it, too", async () => {
    const { request: received, client } = await request(
      fetchTransport({ headers: { "last-event-id": "start" } }),
      { lastEventId: "1" },
    );
    expect(received.headers.get("last-event-id")).toBe("1");
    await client.abort();
    await client.end();
  });

  it("asks an init function on every attempt", async () => {
    const asked: FetchContext[] = [];
    const transport = fetchTransport(async (context) => {
      asked.push(context);
      await Promise.resolve();
      return { headers: { Authorization: `Bearer ${asked.length}` } };
    });
    for (const [attempt, lastEventId] of ["", "7"].entries()) {
      const {
        client,
        connection,
        request: received,
      } = await request(transport, { attempt, lastEventId });
      expect(received.headers.get("authorization")).toBe(`Bearer ${attempt + 1}`);
      connection.head().end();
      await client.end();
    }
    expect(asked.map(({ attempt, lastEventId }) => ({ attempt, lastEventId }))).toEqual([
      { attempt: 0, lastEventId: "" },
      { attempt: 1, lastEventId: "7" },
    ]);
    expect(asked[0]!.signal).not.toBe(asked[1]!.signal);
  });

  const failing: Record<string, (error: Error) => FetchInit | Promise<FetchInit>> = {
    throws: (error) => {
      throw error;
    },
    rejects: (error) => Promise.reject(error),
  };
  for (const [how, init] of Object.entries(failing)) {
    it(`an init function that ${how} is a network failure, or the one it names`, async () => {
      const failed = await connect(fetchTransport(() => init(new Error("no token"))));
      expect(await failed.end()).toMatchObject({ call: "rejected", reason: "network" });
      const named = await connect(
        fetchTransport(() =>
          init(new ConnectionError("logged out", { reason: "status", status: 401 })),
        ),
      );
      expect(await named.end()).toMatchObject({ call: "rejected", reason: "status", status: 401 });
    });
  }

  it("an abort while init is asked", async () => {
    const obedient = fetchTransport(
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason as Error)),
        ),
    );
    const deaf = fetchTransport(() => never);
    for (const transport of [obedient, deaf]) {
      const client = await connect(transport);
      await client.abort();
      expect(await client.end()).toEqual({ call: "resolved" });
    }
  });

  it("an abort that is not ours is a network failure, before and after opening", async () => {
    const before = await connect(fetchTransport({ fetch: () => Promise.reject(abortError()) }));
    expect(await before.end()).toMatchObject({ call: "rejected", reason: "network" });
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from("data: a\n\n")),
      pull: () => Promise.reject(abortError()),
    });
    const after = await connect(fetchTransport({ fetch: async () => eventStream(body) }));
    expect(await after.end()).toMatchObject({ call: "rejected", reason: "network" });
    expect(after.data).toEqual(["a"]);
  });

  it("a fetch that ignores the signal is not waited for, and its answer is cancelled", async () => {
    let answer: (response: Response) => void = () => {};
    const cancelled = new Promise<void>((resolve) => {
      const client = connect(
        fetchTransport({ fetch: () => new Promise((resolveFetch) => (answer = resolveFetch)) }),
      );
      void client.then(async (connection) => {
        await connection.abort();
        expect(await connection.end()).toEqual({ call: "resolved" });
        answer(eventStream(new ReadableStream({ cancel: () => resolve() })));
      });
    });
    await cancelled;
  });

  it("a body that ignores the signal is cancelled", async () => {
    let cancelled = false;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from("data: a\n\n")),
      cancel: () => void (cancelled = true),
    });
    const client = await connect(fetchTransport({ fetch: async () => eventStream(body) }));
    await client.received("a");
    await client.abort();
    expect(await client.end()).toEqual({ call: "resolved" });
    expect(cancelled).toBe(true);
  });

  it("a response whose body cannot be read as it arrives", async () => {
    const client = await connect(fetchTransport({ fetch: async () => eventStream(null) }));
    expect(await client.end()).toMatchObject({ call: "rejected", reason: "unsupported" });
  });

  it("a response without a URL has the origin of the request", async () => {
    const client = await connect(
      fetchTransport({ fetch: async () => eventStream("data: a\n\n") }),
      { url: "https://example.com/stream" },
    );
    await client.end();
    expect(client.events[0]!.origin).toBe("https://example.com");
  });
});
