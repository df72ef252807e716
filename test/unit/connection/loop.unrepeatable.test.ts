import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  fetchTransport,
  iterate,
  json,
  ResilientEventSource,
  type ConnectionErrorEvent,
  type FetchInit,
  type ResilientEventSourceOptions,
} from "../../../src/index.ts";

type Handler = (response: ServerResponse, request: IncomingMessage) => void;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A server that answers each request with the next handler, the last one for all later requests. */
async function serve(...handlers: Handler[]): Promise<{ url: string; methods: string[] }> {
  const methods: string[] = [];
  const server = createServer((request, response) => {
    const handle = handlers[Math.min(methods.length, handlers.length - 1)]!;
    methods.push(request.method!);
    handle(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, methods };
}

const head = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { "Content-Type": "text/event-stream" });
const answer: Handler = (response) => head(response).end("data: a\n\ndata: b\n\n");
const cutAfter =
  (text: string): Handler =>
  (response) => {
    head(response).write(text);
    setTimeout(() => response.destroy(), 20);
  };
const cut = cutAfter("id: 1\ndata: a\n\n");
const cutWithoutId = cutAfter("data: a\n\n");
const refuse =
  (status: number): Handler =>
  (response) =>
    response.writeHead(status, { "Retry-After": "0" }).end();

function open(
  url: string,
  init: FetchInit | (() => FetchInit) = { method: "POST", body: "{}" },
  options: ResilientEventSourceOptions = {},
): { source: ResilientEventSource; closed: Promise<ConnectionErrorEvent> } {
  const source = new ResilientEventSource(url, {
    transport: fetchTransport(init),
    backoff: { startingDelay: 0 },
    ...options,
  });
  cleanups.push(() => source.close());
  const closed = new Promise<ConnectionErrorEvent>((resolve) =>
    source.addEventListener("error", (event) => event.readyState === 2 && resolve(event)),
  );
  return { source, closed };
}

/** Long enough for several retries of at least 100 ms each. */
const severalWaits = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 500));

describe("a POST", () => {
  test("whose answer ends is a normal end: one request, and the loop ends", async () => {
    const { url, methods } = await serve(answer);
    const { source, closed } = open(url);
    const read: string[] = [];
    for await (const data of iterate(source, "message")) read.push(data);
    expect(read).toEqual(["a", "b"]);
    const { error } = await closed;
    expect(error).toMatchObject({ reason: "ended", expected: true, repeatable: false });
    expect(source.state).toEqual({ status: "closed" });
    await severalWaits();
    expect(methods).toEqual(["POST"]);
  });

  test.each(["post", "PUT", "PATCH", "DELETE"])("so is %s", async (method) => {
    const { url, methods } = await serve(answer);
    const { closed } = open(url, { method });
    expect((await closed).error.expected).toBe(true);
    await severalWaits();
    expect(methods).toHaveLength(1);
  });

  test.each([
    ["without ids", cutWithoutId],
    ["with ids", cut],
  ])("that is cut closes with network, and the loop throws: %s", async (_, handler) => {
    const { url, methods } = await serve(handler);
    const { source } = open(url);
    const reading = (async () => {
      for await (const data of iterate(source, "message")) expect(data).toBe("a");
    })();
    await expect(reading).rejects.toMatchObject({ reason: "network", repeatable: false });
    expect(source.state).toMatchObject({ status: "closed", error: { reason: "network" } });
    await severalWaits();
    expect(methods).toEqual(["POST"]);
  });

  test.each([500, 502, 504])("refused with %d is not sent again", async (status) => {
    const { url, methods } = await serve(refuse(status));
    const { closed } = open(url);
    expect((await closed).error).toMatchObject({ reason: "status", status });
    await severalWaits();
    expect(methods).toEqual(["POST"]);
  });

  test.each([408, 425, 429, 503])("refused with %d is sent again", async (status) => {
    const { url, methods } = await serve(refuse(status), answer);
    const { closed } = open(url);
    expect((await closed).error.expected).toBe(true);
    expect(methods).toEqual(["POST", "POST"]);
  });

  test("is sent again by reconnect(), and where backoff.retry says so", async () => {
    const { url, methods } = await serve(cut, cut, answer);
    const asked: unknown[] = [];
    const { source, closed } = open(url, undefined, {
      backoff: { startingDelay: 0, retry: ({ reason }) => asked.push(reason) === 1 },
    });
    source.addEventListener("error", ({ readyState, error }) => {
      if (readyState === 2 && !error.expected) source.reconnect();
    });
    await closed;
    await expect.poll(() => source.state).toEqual({ status: "closed" });
    expect(methods).toEqual(["POST", "POST", "POST"]);
    expect(asked).toEqual(["network", "network"]);
  });

  test("stays through reconnect({ within })", async () => {
    const { url, methods } = await serve((response) => head(response).write("data: a\n\n"));
    const { source } = open(url);
    await new Promise((resolve) => source.on("message", resolve));
    source.reconnect({ within: 0 });
    await severalWaits();
    expect(source.readyState).toBe(source.OPEN);
    expect(methods).toEqual(["POST"]);
  });
});

test("init as a function says what the next attempt is: start by POST, resume by GET", async () => {
  const resumedAfter: unknown[] = [];
  const { url, methods } = await serve(cut, (response, request) => {
    resumedAfter.push(request.headers["last-event-id"]);
    head(response).write("id: 2\ndata: b\n\n");
  });
  let started = false;
  const { source } = open(url, () => {
    if (started) return {};
    started = true;
    return { method: "POST", body: "{}" };
  });
  const read: string[] = [];
  for await (const data of iterate(source, "message")) if (read.push(data) === 2) break;
  expect(read).toEqual(["a", "b"]);
  expect(methods).toEqual(["POST", "GET"]);
  expect(resumedAfter).toEqual(["1"]);
});

test("a 204 ends the loop without an error, and backoff.retry is not asked", async () => {
  const { url, methods } = await serve(refuse(204));
  let asked = 0;
  const { source, closed } = open(url, {}, { backoff: { retry: () => ++asked > 0 } });
  for await (const data of iterate(source, "message")) expect(data).toBe("nothing");
  expect((await closed).error).toMatchObject({ status: 204, expected: true });
  expect(source.state).toEqual({ status: "closed" });
  expect([asked, methods]).toEqual([0, ["GET"]]);
});

test("an abort ends the loop like the end of the stream; throwIfAborted() tells them apart", async () => {
  const { url, methods } = await serve((response) => head(response).write("data: a\n\n"));
  const controller = new AbortController();
  const { signal } = controller;
  const { source } = open(url, undefined, { signal });
  const read: string[] = [];
  for await (const data of iterate(source, "message")) {
    read.push(data);
    controller.abort();
  }
  expect(read).toEqual(["a"]);
  expect(source.state).toEqual({ status: "closed" });
  expect(() => signal.throwIfAborted()).toThrow(expect.objectContaining({ name: "AbortError" }));
  expect(methods).toEqual(["POST"]);
});

test("`data: [DONE]` with json() is an invalid event, reported without an uncaught error", async () => {
  const reported = vi.spyOn(console, "error").mockReturnValue();
  cleanups.push(() => reported.mockRestore());
  const { url, methods } = await serve((response) =>
    head(response).end('data: {"text":"a"}\n\ndata: [DONE]\n\n'),
  );
  const source = new ResilientEventSource(url, {
    transport: fetchTransport({ method: "POST" }),
    events: { message: json<{ text: string }>() },
  });
  const read: string[] = [];
  // An uncaught error would make vitest fail.
  for await (const { text } of iterate(source, "message")) read.push(text);
  expect(read).toEqual(["a"]);
  expect(reported).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ message: expect.stringContaining("[DONE]") as string }),
  );
  expect(methods).toEqual(["POST"]);
});
