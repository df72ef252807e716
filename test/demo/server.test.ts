import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startFront } from "../../demo/cluster/front.mjs";
import { startDemoServer } from "../../demo/server.mjs";
import { statusOf } from "../support/server/status-of.ts";

let server: Awaited<ReturnType<typeof startDemoServer>>;
let controller: AbortController;

beforeEach(async () => {
  controller = new AbortController();
  server = await startDemoServer({ port: 0, interval: 40 });
});
afterEach(async () => {
  controller.abort();
  await server.close();
});

const control = (command: string): Promise<Response> =>
  fetch(`${server.address}control/${command}`, { method: "POST" });
const connect = (path = "stream", headers: Record<string, string> = {}): Promise<Response> =>
  fetch(server.address + path, { headers, signal: controller.signal });
const token = async (): Promise<string> => (await fetch(`${server.address}token`)).text();
const authorized = async (): Promise<Response> =>
  connect("live", { Authorization: `Bearer ${await token()}` });

/** Reads a stream from now on: `text` grows, and `end` settles with the way it ended. */
function listen({ body }: Response): { text: string; end: "open" | "ended" | "cut" } {
  const heard: ReturnType<typeof listen> = { text: "", end: "open" };
  const read = async (): Promise<void> => {
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) heard.text += chunk;
  };
  read().then(
    () => (heard.end = "ended"),
    () => (heard.end = "cut"),
  );
  return heard;
}

test("stop: cuts every client, and answers none until start", async () => {
  const live = listen(await connect());
  expect(await (await control("stop")).json()).toEqual({ fault: "stop" });
  await expect.poll(() => live.end).toBe("cut");
  await expect(connect()).rejects.toThrow();
  expect((await fetch(server.address)).status).toBe(200);
  expect(await (await control("start")).json()).toEqual({ fault: "none" });
  expect((await connect()).status).toBe(200);
});

test.each([
  ["unavailable", 503, "3"],
  ["gone", 204, null],
])("%s: cuts every client, and answers %i", async (fault, status, retryAfter) => {
  const live = listen(await connect());
  await control(fault);
  await expect.poll(() => live.end).toBe("cut");
  const refusal = await connect();
  expect(refusal.status).toBe(status);
  expect(refusal.headers.get("retry-after")).toBe(retryAfter);
});

test("a fault with a duration ends on its own", async () => {
  await control("unavailable?seconds=0.3");
  expect((await connect()).status).toBe(503);
  await expect.poll(async () => (await connect()).status).toBe(200);
  expect(server.faults.current).toBe("none");
});

test("a fault ends the previous one", async () => {
  await control("cut");
  await control("gone");
  expect((await connect()).status).toBe(204);
  await control("start");
  const live = listen(await connect());
  await expect.poll(() => live.text).toContain("id:");
  expect(live.end).toBe("open");
});

test("cut: cuts new connections, again and again", async () => {
  await control("cut");
  for (let times = 0; times < 2; times++) {
    const live = listen(await connect());
    await expect.poll(() => live.end).toBe("cut");
  }
});

test("stall: current clients receive nothing more, new ones do", async () => {
  const stalled = listen(await connect());
  await expect.poll(() => stalled.text).toContain("id:");
  await control("stall");
  const other = listen(await connect());
  await expect.poll(() => other.text.match(/^id:/gm)?.length).toBeGreaterThan(5);
  const { text } = stalled;
  const { length } = other.text;
  await expect.poll(() => other.text.length).toBeGreaterThan(length + 100);
  expect(stalled).toEqual({ text, end: "open" });
});

test("/live wants the token, in the header or in the query; expire makes another one", async () => {
  expect((await connect("live")).status).toBe(401);
  expect((await connect("live?token=wrong")).status).toBe(401);
  const old = await token();
  expect((await connect(`live?token=${old}`)).status).toBe(200);
  const live = listen(await authorized());
  await control("expire");
  await expect.poll(() => live.end).toBe("cut");
  expect((await connect(`live?token=${old}`)).status).toBe(401);
  expect((await authorized()).status).toBe(200);
});

test("/live reports how many connections each kind of client has", async () => {
  const good = await token();
  await connect(`live?client=native&token=${good}`);
  await connect(`live?client=native&token=${good}`);
  const live = listen(await connect(`live?client=resilient&token=${good}`));
  await expect.poll(() => live.text).toContain('data:{"native":2,"resilient":1}\n\n');
});

test("keeps a bounded log", async () => {
  const quick = await startDemoServer({ port: 0, interval: 4 });
  const live = listen(
    await fetch(`${quick.address}live?token=${quick.faults.token}`, { signal: controller.signal }),
  );
  await expect.poll(() => quick.live.log[0]?.id).toBeGreaterThan(1);
  expect(quick.live.log).toHaveLength(1000);
  expect(live.end).toBe("open");
  await quick.close();
});

test("close: ends every stream in good order, and gives each client a reconnection time of its own", async () => {
  const streams = await Promise.all(
    Array.from({ length: 20 }, async () => listen(await connect())),
  );
  await server.close();
  await expect.poll(() => streams.map(({ end }) => end)).toEqual(streams.map(() => "ended"));
  const times = streams.map(({ text }) => Number(/\nretry: (\d+)\n\n$/.exec(text)?.[1]));
  for (const time of times) {
    expect(time).toBeGreaterThan(0);
    expect(time).toBeLessThanOrEqual(10_000);
  }
  expect(new Set(times).size).toBeGreaterThan(10);
  server = await startDemoServer({ port: 0 });
});

test("while it closes, it asks new clients to come later", async () => {
  const idle = await fetch(server.address);
  await idle.text();
  server.stream.close();
  const refusal = await connect();
  expect(refusal.status).toBe(503);
  expect(Number(refusal.headers.get("retry-after"))).toBeGreaterThan(0);
});

test("knows its commands", async () => {
  expect((await fetch(`${server.address}control/stop`)).status).toBe(405);
  const unknown = await control("explode");
  expect(unknown.status).toBe(404);
  expect(await unknown.text()).toBe(
    "There is no such fault. There are: stop, unavailable, gone, cut, stall, expire, start.\n",
  );
});

describe("requests of other sites", () => {
  const ask = (
    method: string,
    path: string,
    headers: Record<string, string>,
  ): Promise<number | undefined> =>
    statusOf(`http://127.0.0.1:${server.port}${path}`, method, headers);
  const port = (): number => server.port;

  describe.each([
    ["POST", "/control/unavailable"],
    ["POST", "/control/expire"],
    ["GET", "/token"],
    ["GET", "/stream"],
    ["GET", "/index.html"],
  ])("%s %s", (method, path) => {
    test.each<[string, () => Record<string, string>]>([
      ["a page of another site", () => ({ Origin: "https://evil.example" })],
      ["another port of this machine", () => ({ Origin: `http://127.0.0.1:${port() + 1}` })],
      ["another name of this machine", () => ({ Origin: `http://localhost:${port()}` })],
      ["another scheme", () => ({ Origin: `https://127.0.0.1:${port()}` })],
      ["a sandboxed frame, or a file", () => ({ Origin: "null" })],
      [
        "a page whose name was rebound to this machine",
        () => ({ Host: `evil.example:${port()}`, Origin: `http://evil.example:${port()}` }),
      ],
      ["the same without an Origin", () => ({ Host: `evil.example:${port()}` })],
      ["a name that begins like this machine's", () => ({ Host: "localhost.evil.example" })],
      ["a name with user and password", () => ({ Host: "localhost@evil.example" })],
    ])("%s is refused", async (_, headers) => {
      const token = server.faults.token;
      expect(await ask(method, path, headers())).toBe(403);
      expect([server.faults.current, server.faults.token]).toEqual(["none", token]);
    });

    test.each<[string, () => Record<string, string>]>([
      ["without an Origin", () => ({})],
      ["of its own origin", () => ({ Origin: `http://127.0.0.1:${port()}` })],
      [
        "by its other name",
        () => ({ Host: `localhost:${port()}`, Origin: `http://localhost:${port()}` }),
      ],
      ["over IPv6", () => ({ Host: `[::1]:${port()}`, Origin: `http://[::1]:${port()}` })],
    ])("%s is answered", async (_, headers) => {
      expect(await ask(method, path, headers())).toBe(200);
    });
  });
});

test("the page of the cluster refuses other sites as well", async () => {
  const front = await startFront(0);
  try {
    const nodes = `http://127.0.0.1:${front.port}/cluster/nodes.json`;
    expect(await statusOf(nodes, "GET", {})).toBe(200);
    expect(await statusOf(nodes, "GET", { Host: "evil.example" })).toBe(403);
    expect(await statusOf(nodes, "GET", { Origin: "https://evil.example" })).toBe(403);
  } finally {
    await front.close();
  }
});
