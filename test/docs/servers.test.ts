import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchTransport, json, ResilientEventSource, type Resume } from "../../src/index.ts";
import { freePort } from "../support/server/free-port.ts";
import { root } from "../support/package/dist.ts";
import { section, snippets } from "../support/package/markdown.ts";
import { PATIENCE } from "../support/patience.ts";
import { readUntil } from "../support/server/read-until.ts";

const guide = readFileSync(`${root}/demo/guides/servers.md`, "utf8");
const readme = readFileSync(`${root}/README.md`, "utf8");
const only = (heading: string): string => snippets(section(guide, heading), "js")[0]!;

/** The guide leaves the events to the app. */
const publisher = `let n = 0;\nsetInterval(() => publish("tick", { n: ++n }), 5);\n`;

test.each(guide.match(/^## .*/gm)!.slice(2))("%s: a server of at most 15 lines", (heading) => {
  const [, code] = /^```(?:js|java|php|sh|nginx)\n(.*?)^```/ms.exec(
    section(guide, heading.slice(3)),
  )!;
  expect(code!.trim().split("\n").length).toBeLessThanOrEqual(15);
});

/** The README's server, but faster than once a second. */
const quickStart = snippets(section(readme, "Sixty seconds"), "js")[0]!.replace(
  "latest++, 1000",
  "latest++, 5",
);

describe.each(["Node", "Express", "Fastify", "Hono", "The quick start"])("%s", (name) => {
  let folder: string;
  let server: ChildProcess;
  let url: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "resilient-eventsource-server-"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
    writeFileSync(join(folder, "feed.mjs"), only("The feed") + publisher);
    writeFileSync(join(folder, "server.mjs"), name === "The quick start" ? quickStart : only(name));
    const port = await freePort();
    url = `http://127.0.0.1:${port}/stream`;
    server = spawn(process.execPath, ["server.mjs"], {
      cwd: folder,
      env: { ...process.env, PORT: String(port) },
      stdio: "inherit",
    });
    await answering(url, server);
  });
  afterAll(async () => {
    server.kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
    rmSync(folder, { recursive: true });
  });

  test.each<[string, Resume]>([
    ["the header", "header"],
    ["the query", { query: "lastEventId" }],
  ])("resumes by %s: every event once, in order, over five connections", async (_, resume) => {
    const source = new ResilientEventSource(url, {
      transport: fetchTransport(),
      resume,
      events: { tick: json<{ n: number }>() },
    });
    const seen: number[] = [];
    await new Promise<void>((resolve) => {
      let connections = 0;
      source.addEventListener("open", () => connections++);
      source.on("tick", ({ n }) => {
        seen.push(n);
        if (seen.length < 10 * connections) return;
        if (connections === 5) resolve();
        else source.reconnect();
      });
    });
    source.close();
    expect(seen.length).toBeGreaterThanOrEqual(50);
    expect(seen).toEqual(seen.map((_, index) => seen[0]! + index));
  });

  // Ids come from outside. None of these is one of the server's, so that it starts where it likes.
  describe.each([
    ["the header", (id: string) => [url, { "Last-Event-ID": id }] as const],
    ["the query", (id: string) => [`${url}?lastEventId=${encodeURIComponent(id)}`, {}] as const],
  ])("an id that was never sent, by %s", (_, ask) => {
    test.each(["-20000000", "abc", "0.5", "1e9", "Infinity", "9".repeat(30), "1,2", "0x10", ""])(
      "%j: events go on, and all of them are real",
      async (id) => {
        const [address, headers] = ask(id);
        const { text } = await readUntil(address, '{"n":', headers);
        const [first] = /^id: .*\nevent: tick\ndata: .*/m.exec(text) ?? [];
        expect(first).toMatch(/^id: [1-9]\d*\nevent: tick\ndata: \{"n":/);
        expect(server.exitCode).toBe(null);
      },
    );
  });

  test("survives a request whose target is no URL", async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write("GET // HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "data");
    socket.destroy();
    await readUntil(url, "tick");
    expect(server.exitCode).toBe(null);
  });

  test("listens on this machine only", async () => {
    const { port } = new URL(url);
    const others = Object.values(networkInterfaces())
      .flatMap((addresses = []) => addresses)
      .filter(({ internal, family }) => !internal && family === "IPv4")
      .map(({ address }) => address);
    // On Linux all of 127.0.0.0/8 is this machine.
    for (const address of ["127.0.0.2", ...others])
      await expect(fetch(`http://${address}:${port}/stream`)).rejects.toThrow();
  });

  test("sends something at once", async () => {
    const response = await fetch(url);
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toMatch(/^(:\n\n|event: connecttime\n)/);
    await reader.cancel();
  });
});

/** Waits for a server to answer. */
async function answering(url: string, server: ChildProcess): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (server.exitCode === null && performance.now() < deadline) {
    try {
      const response = await fetch(url);
      await response.body?.cancel();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("the server does not answer");
}
