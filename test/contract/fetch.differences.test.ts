import { Readable } from "node:stream";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from "vitest";
import { ConnectionError, type ConnectionErrorReason } from "../../src/errors.ts";
import { ResilientEventSource } from "../../src/index.ts";
import { fetchTransport } from "../../src/transport/fetch.ts";
import type { FetchInit } from "../../src/transport/http/request.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { PATIENCE } from "../support/patience.ts";
import { FaultServer, type HeadInit } from "../support/server/fault-server.ts";
import { record } from "./recorder.ts";

// Where fetch differs from what EventSource does on the wire, and everything that fetch, Request,
// Headers and Response can throw. What needs a browser is in test/browser/fetch-differences.test.ts.

let server: FaultServer;
let paths = 0;
beforeAll(async () => (server = await FaultServer.start()));
afterAll(() => server.close());
afterEach(() => expect.poll(() => server.live("/"), { interval: 2 }).toBe(0));

/** Makes one connection, and returns the error that it ends with; undefined if it opened. */
async function errorOf(
  transport: Transport,
  url = `${server.origin}/none`,
): Promise<ConnectionError | undefined> {
  let caught: unknown;
  const recording = record(
    async (request, sink) => {
      try {
        await transport(request, sink);
      } catch (error) {
        caught = error;
        throw error;
      }
    },
    { url },
  );
  const entries = await recording.since(0, PATIENCE);
  const opened = entries.some(({ call }) => call === "open");
  recording.abort();
  expect(opened || caught instanceof ConnectionError).toBe(true);
  return caught as ConnectionError | undefined;
}

/** A path that answers every request alike. */
function answering(head: HeadInit, body = "data: a\n\n", { ends = true } = {}): string {
  const path = `/answer/${++paths}`;
  server.serve(path, (_, connection) => {
    connection.head(head).write(body);
    if (ends) connection.end();
  });
  return server.origin + path;
}

const eventStream = (body: BodyInit | null): Response =>
  new Response(body, { headers: { "Content-Type": "text/event-stream" } });

describe("a request that can never work is `unsupported`, in the platform's words", () => {
  const anything = (value: unknown): FetchInit => value as FetchInit;
  const requests: Record<string, [init: FetchInit, words: RegExp]> = {
    "a header value with a line break": [{ headers: { a: "b\nc: d" } }, /invalid header value/i],
    "a header value that is not Latin-1": [{ headers: { a: "日本" } }, /ByteString/],
    "a header name with a space": [{ headers: { "a b": "c" } }, /invalid header name/i],
    "headers that are not pairs": [{ headers: anything([["a"]]) as HeadersInit }, /header/i],
    "a GET with a body": [{ body: "question" }, /body/i],
    "a HEAD with a body": [{ method: "HEAD", body: "question" }, /body/i],
    "a method that is not a token": [{ method: "GE T" }, /method/i],
    "a forbidden method": [{ method: "CONNECT" }, /method/i],
    "an unknown mode": [anything({ mode: "navigate" }), /navigate/i],
    "unknown credentials": [anything({ credentials: "sometimes" }), /sometimes|credentials/i],
    "an unknown cache mode": [anything({ cache: "never" }), /never|cache/i],
    "only-if-cached across origins": [{ cache: "only-if-cached" }, /only-if-cached/],
    "an unknown redirect mode": [anything({ redirect: "sometimes" }), /sometimes|redirect/i],
    "a referrer that is not a URL": [{ referrer: "http://[" }, /referrer|invalid url/i],
    "a stream to upload without duplex": [{ method: "POST", body: new ReadableStream() }, /duplex/],
    "no init at all": [anything(() => undefined), /undefined/],
  };
  test.each(Object.entries(requests))("%s", async (_, [init, words]) => {
    for (const given of [init, typeof init === "function" ? init : () => init]) {
      const error = await errorOf(fetchTransport(given));
      expect(error).toMatchObject({ reason: "unsupported", cause: expect.any(Error) });
      expect(error!.message).toMatch(words);
    }
    expect(server.requestsTo("/none")).toEqual([]);
  });

  test.each(["ftp://a.invalid/", "ws://a.invalid/", "mailto:a@b.invalid", "javascript:0"])(
    "%s",
    async (url) => {
      const error = await errorOf(fetchTransport(), url);
      expect(error).toMatchObject({ reason: "unsupported", cause: expect.any(Error) });
      expect(error!.message).toContain(new URL(url).protocol);
    },
  );

  test("a scheme that a custom fetch knows is its own affair", async () => {
    const fails: FetchInit = { fetch: () => Promise.reject(new TypeError("not yet")) };
    expect(await errorOf(fetchTransport(fails), "app://stream/")).toMatchObject({
      reason: "network",
    });
    const opens: FetchInit = { fetch: async () => eventStream("data: a\n\n") };
    expect(await errorOf(fetchTransport(opens), "app://stream/")).toBeUndefined();
  });

  const responses: Record<string, () => unknown> = {
    "a Node stream": () => ({
      status: 200,
      headers: new Headers({ "Content-Type": "text/event-stream" }),
      body: Readable.from(["data: a\n\n"]),
    }),
    "a body that somebody else reads": () => {
      const response = eventStream("data: a\n\n");
      response.body!.getReader();
      return response;
    },
    "no body": () => eventStream(null),
    "no response": () => undefined,
    "an opaque response": () => ({ type: "opaque", status: 0, headers: new Headers(), body: null }),
  };
  test.each(Object.entries(responses))("a fetch that gives %s", async (_, respond) => {
    const fetcher = async (): Promise<Response> => respond() as Response;
    const error = await errorOf(fetchTransport({ fetch: fetcher }));
    expect(error).toMatchObject({ reason: "unsupported" });
    expect(error!.message).toMatch(/read|no-cors/);
  });
});

describe("a failure that may pass is `network`, and names the innermost cause", () => {
  it("a refused connection", async () => {
    const other = await FaultServer.start();
    other.close();
    const error = await errorOf(fetchTransport(), other.origin);
    expect(error).toMatchObject({ reason: "network" });
    expect(error!.message).toContain("ECONNREFUSED");
  });

  it("a host without an address", async () => {
    // A label of more than 63 characters is refused without asking a name server, whose answer
    // could take longer than fetch waits.
    const error = await errorOf(fetchTransport(), `http://${"nowhere".repeat(10)}.invalid/`);
    expect(error).toMatchObject({ reason: "network" });
    expect(error!.message).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it("a certificate that nobody has signed", async () => {
    const listener = createServer(selfSigned).listen(0, "127.0.0.1");
    try {
      await new Promise((resolve) => listener.once("listening", resolve));
      const { port } = listener.address() as AddressInfo;
      const error = await errorOf(fetchTransport(), `https://127.0.0.1:${port}/`);
      expect(error).toMatchObject({ reason: "network" });
      expect(error!.message).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
    } finally {
      listener.close();
    }
  });

  it("a cut", async () => {
    const { client, end } = await openThen((connection) => connection.raw("zz\r\n").reset());
    expect(await end).toMatchObject({ reason: "network" });
    expect((await end)!.message).toMatch(/^the connection was cut: \S/);
    client.abort();
  });

  it("causes that form a cycle, and causes that are not errors", async () => {
    const cycle = new Error("a cycle");
    cycle.cause = cycle;
    const causes: [unknown, string][] = [
      [cycle, "a cycle"],
      [new TypeError("fetch failed", { cause: "a text" }), "a text"],
      [new TypeError("fetch failed", { cause: null }), "fetch failed"],
      ["a text", "a text"],
      [undefined, "undefined"],
    ];
    for (const [cause, words] of causes) {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- anything can be
      const error = await errorOf(fetchTransport({ fetch: () => Promise.reject(cause) }));
      expect(error).toMatchObject({ reason: "network", cause });
      expect(error!.message).toContain(words);
    }
  });

  it("an init that throws", async () => {
    const failing = fetchTransport(() => Promise.reject(new Error("no token")));
    const error = await errorOf(failing);
    expect(error).toMatchObject({ reason: "network", message: "init failed: no token" });
  });
});

describe("what EventSource takes, fetch takes", () => {
  const types = [
    "text/event-stream, text/event-stream",
    "application/json, text/event-stream; charset=utf-8",
    "text/event-stream;charset=utf-8, nonsense",
    "TEXT/EVENT-STREAM",
    "text/event-stream, */*",
  ];
  test.each(types)("Content-Type: %s", async (type) => {
    const url = answering({ headers: { "Content-Type": type } });
    expect(await errorOf(fetchTransport(), url)).toBeUndefined();
  });

  test("Content-Type twice", async () => {
    const path = `/answer/${++paths}`;
    const twice = "Content-Type: text/event-stream\r\n".repeat(2);
    server.serve(path, (_, connection) =>
      connection.raw(`HTTP/1.1 200 OK\r\n${twice}Connection: close\r\n\r\ndata: a\n\n`).cut(),
    );
    expect(await errorOf(fetchTransport(), server.origin + path)).toBeUndefined();
  });

  test.each([
    ["me:secret", "me:secret"],
    ["me", "me:"],
    ["m%C3%A9:a%3Ab%zz", "mé:a:b%zz"],
  ])("user and password in the URL: %s", async (credentials, sent) => {
    const url = answering({});
    const withCredentials = url.replace("http://", `http://${credentials}@`);
    expect(await errorOf(fetchTransport(), withCredentials)).toBeUndefined();
    const { headers } = server.requestsTo(new URL(url).pathname).at(-1)!;
    const [scheme, value] = headers.get("authorization")!.split(" ");
    expect([scheme, Buffer.from(value!, "base64").toString()]).toEqual(["Basic", sent]);
  });

  test("user and password in the URL: a source authenticates again after a cut", async () => {
    const path = `/answer/${++paths}`;
    const asked: (string | undefined)[] = [];
    server.serve(path, ({ headers }, connection) => {
      asked.push(headers.get("authorization"));
      if (!headers.has("authorization")) connection.head({ status: 401 }).end();
      else connection.head().write(`id: ${asked.length}\ndata: a\n\n`).end();
    });
    const url = (server.origin + path).replace("//", "//me:secret@");
    const source = new ResilientEventSource(url, { backoff: { startingDelay: 0 } });
    const ids: string[] = [];
    source.on("message", (_, { lastEventId }) => ids.push(lastEventId));
    await expect.poll(() => ids.slice(0, 3)).toEqual(["1", "2", "3"]);
    source.close();
    expect(new Set(asked)).toEqual(new Set(["Basic bWU6c2VjcmV0"]));
  });

  test("an Authorization header wins over the URL", async () => {
    const url = answering({});
    const transport = fetchTransport({ headers: { Authorization: "Bearer 1" } });
    expect(await errorOf(transport, url.replace("http://", "http://me:secret@"))).toBeUndefined();
    const { headers } = server.requestsTo(new URL(url).pathname).at(-1)!;
    expect(headers.get("authorization")).toBe("Bearer 1");
  });
});

describe("statuses", () => {
  const cases: [method: string, status: number, reason: ConnectionErrorReason | undefined][] = [
    ["GET", 200, undefined],
    ["get", 201, "status"],
    ["GET", 201, "status"],
    ["GET", 206, "status"],
    ["POST", 200, undefined],
    ["POST", 201, undefined],
    ["post", 202, undefined],
    ["POST", 203, undefined],
    ["POST", 206, undefined],
    ["QUERY", 299, undefined],
    ["POST", 300, "status"],
    ["POST", 400, "status"],
  ];
  test.each(cases)("%s answered with %i: %s", async (method, status, reason) => {
    const url = answering({ status });
    expect((await errorOf(fetchTransport({ method }), url))?.reason).toBe(reason);
  });

  test.each([204, 205])("POST answered with %i, which has no body", async (status) => {
    const url = answering({ status, headers: { "Content-Length": "0" } }, "");
    const error = await errorOf(fetchTransport({ method: "POST" }), url);
    expect(error).toMatchObject({ reason: "status", status });
  });

  test("POST answered with 201 and JSON", async () => {
    const url = answering({ status: 201, headers: { "Content-Type": "application/json" } }, "{}");
    const error = await errorOf(fetchTransport({ method: "POST" }), url);
    expect(error).toMatchObject({ reason: "content-type", status: 201, body: "{}" });
  });
});

describe("redirects that are not followed", () => {
  for (const redirect of ["manual", "error"] as const)
    test.each([301, 302, 303, 307, 308])(`redirect: "${redirect}", %i`, async (status) => {
      const url = answering({ status, headers: { Location: "/login" } });
      const error = await errorOf(fetchTransport({ redirect }), url);
      expect(error).toMatchObject({ reason: "redirect", status });
      expect(error!.message).toContain("/login");
    });
});

describe("error.body", () => {
  const TOO_LONG = '{"error":{"message":"prompt is too long"}}';
  const shown: [type: string, body: string, expected: string | undefined][] = [
    ["application/json", TOO_LONG, TOO_LONG],
    ["application/problem+json; charset=utf-8", TOO_LONG, TOO_LONG],
    ["text/html", "<p>é", "<p>é"],
    ["application/xml", "<a/>", "<a/>"],
    ["image/svg+xml", "<svg/>", "<svg/>"],
    ["text/plain", "", ""],
    ["application/octet-stream", "abc", undefined],
    ["image/png", "abc", undefined],
    ["application/jsonp", "abc", undefined],
  ];
  test.each(shown)("of type %s", async (type, body, expected) => {
    const url = answering({ status: 400, headers: { "Content-Type": type } }, body);
    const error = await errorOf(fetchTransport(), url);
    expect(error).toMatchObject({ reason: "status", status: 400, body: expected });
  });

  it("does not show in what loggers copy", async () => {
    const url = answering({ status: 400, headers: { "Content-Type": "text/plain" } }, "secret");
    const error = await errorOf(fetchTransport(), url);
    expect(error!.body).toBe("secret");
    expect(JSON.stringify(Object.assign({}, error))).not.toContain("secret");
    expect(Object.keys(error!)).not.toContain("body");
  });

  it("is cut at 65,536 characters, and the rest is not read", async () => {
    const url = answering(
      { status: 400, headers: { "Content-Type": "text/plain" } },
      "x".repeat(1e6),
    );
    expect((await errorOf(fetchTransport(), url))!.body).toBe("x".repeat(65_536));
  });

  it("that never ends is reported with what came, and its socket is released", async () => {
    const head = { status: 400, headers: { "Content-Type": "text/plain" } };
    const url = answering(head, "so far", { ends: false });
    expect(await errorOf(fetchTransport(), url)).toMatchObject({ status: 400, body: "so far" });
    await expect.poll(() => server.live(new URL(url).pathname), { interval: 2 }).toBe(0);
  });

  it("that is cut is reported with what came", async () => {
    const path = `/answer/${++paths}`;
    server.serve(path, (_, connection) => {
      const headers = { "Content-Type": "text/plain", "Content-Length": "100" };
      connection.head({ status: 503, headers }).write("so far");
      setTimeout(() => connection.cut(), 20);
    });
    const error = await errorOf(fetchTransport(), server.origin + path);
    expect(error).toMatchObject({ reason: "status", status: 503, body: "so far" });
  });

  it("an abort does not wait for it", async () => {
    const path = `/answer/${++paths}`;
    const asked = server.accept(path);
    const recording = record(fetchTransport(), { url: server.origin + path });
    const { connection } = await asked;
    connection.head({ status: 400, headers: { "Content-Type": "text/plain" } }).write("so far");
    recording.abort();
    expect(await recording.since(0, PATIENCE)).toEqual([{ call: "resolved" }]);
    await connection.closed;
  });
});

/** Made for this test: nobody has signed it but itself. */
const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEzsn8Bna1zKblRIE
OYajydVdS8TLUL1aAzrSBxAkCluhRANCAAQHZ7Js9P2qmZbttYlGLYiAXZjPiXrK
PNfH/u4vZTHArXgIfhGyHlhfE2xTf8uLQAKaEpFhoEpXau83upPxRJgS
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUD9otzbQPKRp54lsxrhuMS1OEhNUwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODA4NDkxMloYDzIxMjYxMTA0
MDg0OTEyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQHZ7Js9P2qmZbttYlGLYiAXZjPiXrKPNfH/u4vZTHArXgIfhGyHlhf
E2xTf8uLQAKaEpFhoEpXau83upPxRJgSo1MwUTAdBgNVHQ4EFgQUaJsS0maT8FnI
ZX+O43LiPycb+oowHwYDVR0jBBgwFoAUaJsS0maT8FnIZX+O43LiPycb+oowDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA4NFECMPQqptLdW11uxOf
tZSox/0I5qDjZTHbegKobeUCIA6uy1PKGAoli9IldJmQj10rtNexZ9oha22mibqb
zVGe
-----END CERTIFICATE-----`,
};

/** Opens a stream, and hands its server's end over. */
async function openThen(
  act: (connection: Awaited<ReturnType<FaultServer["accept"]>>["connection"]) => void,
) {
  const path = `/answer/${++paths}`;
  const asked = server.accept(path);
  let reject: (error: unknown) => void = () => undefined;
  const end = new Promise<ConnectionError | undefined>((resolve) => {
    reject = (error) => resolve(error as ConnectionError);
  });
  const client = record(
    async (request, sink) => {
      try {
        await fetchTransport()(request, sink);
      } catch (error) {
        reject(error);
        throw error;
      }
    },
    { url: server.origin + path },
  );
  const { connection } = await asked;
  connection.head({ chunked: true }).write("data: a\n\n");
  for (let seen = 0; ;) {
    const entries = await client.since(seen, 1000);
    seen += entries.length;
    if (entries.some(({ call }) => call === "event")) break;
  }
  act(connection);
  return { client, end };
}
