import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startDemoServer } from "../../demo/server.mjs";
import { runDemo } from "../support/demo/demo-process.ts";
import { dist } from "../support/package/dist.ts";
import { readUntil } from "../support/server/read-until.ts";

// The demo's server without a fault: its streams and files, its start and its end.

let server: Awaited<ReturnType<typeof startDemoServer>>;

beforeEach(async () => {
  server = await startDemoServer({ port: 0, interval: 200 });
});
afterEach(() => server.close());

/** Reads a stream until the text has come. */
async function read(
  path: string,
  until: string,
  headers?: Record<string, string>,
): Promise<string> {
  const { response, text } = await readUntil(server.address + path, until, headers);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "content-type": "text/event-stream",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  });
  return text;
}

test("begins with a comment, the reconnection time and the time of the connection", async () => {
  const text = await read("stream", "id:1\n");
  expect(text).toMatch(
    /^:\n\nretry: 10000\nid: 0\nevent: connecttime\ndata: .+\n\nid:1\ndata:.+\n\n/,
  );
});

test.each([
  ["the header", "stream", { "Last-Event-ID": "2" }],
  ["the query parameter", "stream?lastEventId=2", {}],
])("replays the events after the id in %s", async (_, path, headers) => {
  await read("stream", "id:5\n");
  const text = await read(path, "id:6\n", headers);
  expect(text.match(/^id:.*$/gm)).toEqual(["id:3", "id:4", "id:5", "id:6"]);
  expect(text).toContain('id:5\ndata:{"type":"heartbeat"}\n\n');
});

test("counts on from a client's last id after a restart", async () => {
  expect(await read("stream?lastEventId=41", "id:42\n")).toContain("id:42\n");
});

test("makes no events after a while without a client", async () => {
  const short = await startDemoServer({ port: 0, interval: 20, grace: 50 });
  const controller = new AbortController();
  await fetch(`${short.address}stream`, { signal: controller.signal });
  await expect.poll(() => short.stream.log.length).toBeGreaterThan(5);
  expect(short.stream.ticking).toBe(true);
  controller.abort();
  await expect.poll(() => short.stream.ticking).toBe(false);
  expect(short.stream.clients).toBe(0);
  await short.close();
});

test.each([
  ["", "text/html; charset=utf-8"],
  ["polyfill.html?x=1", "text/html; charset=utf-8"],
  ["demo.css", "text/css; charset=utf-8"],
  ["demo.js", "text/javascript; charset=utf-8"],
  ["page/main.js", "text/javascript; charset=utf-8"],
  ["uplot/uPlot.esm.js", "text/javascript; charset=utf-8"],
  ["icon.svg", "image/svg+xml"],
  ["dist/index.js.map", "application/json"],
])("serves /%s as %s", async (path, type) => {
  const response = await fetch(server.address + path);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, type]);
});

test("serves the built library unchanged", async () => {
  const response = await fetch(`${server.address}dist/resilient-eventsource.min.js`);
  expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(await response.text()).toBe(readFileSync(dist("resilient-eventsource.min.js"), "utf8"));
});

test.each([
  "..%2fpackage.json",
  "dist/..%2f..%2frollup.config.js",
  "dist/..%2fsrc/%69ndex.ts",
  "%00.html",
  "%zz.html",
  "dist/",
  "none.html",
  "server.mjs",
  "uplot/..%2fpackage.json",
])("has no /%s", async (path) => {
  expect((await fetch(server.address + path)).status).toBe(404);
});

test("says that its port is in use, and ends with code 1", async () => {
  const { code, output } = await runDemo({ PORT: String(server.port) });
  expect(output).toBe(
    `Port ${server.port} is in use. Choose another one, for example: PORT=${server.port + 1} npm run demo\n`,
  );
  expect(code).toBe(1);
});

test("says what PORT must be, and ends with code 1", async () => {
  const { code, output } = await runDemo({ PORT: "http" });
  expect(output).toBe('PORT must be a number from 0 to 65535, got "http".\n');
  expect(code).toBe(1);
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "prints its address, and ends cleanly at %s although a client is connected",
  async (signal) => {
    const { code, output } = await runDemo({ PORT: "0" }, (child, text) => {
      const [address] = /http:\S+/.exec(text)!;
      void fetch(`${address}stream`).then(() => child.kill(signal));
    });
    expect(output).toMatch(/^The demo is at http:\/\/localhost:\d+\/ /);
    expect(code).toBe(0);
  },
);
