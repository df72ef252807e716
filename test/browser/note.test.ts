import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findFile } from "../../demo/files.mjs";
import { startDemoServer } from "../../demo/server.mjs";
import { launchChromium } from "../support/browsers.ts";
import { freePort, startServer, type ServerProcess } from "../support/demo-process.ts";
import { root } from "../support/dist.ts";

/** The programs this project grew from, as they were written: a server for Node, and a page for the browser's own EventSource. */
const noteServer = readFileSync(`${root}/test/support/demo-note-server.txt`, "utf8");
const noteProgram = readFileSync(`${root}/test/support/demo-note-browser.txt`, "utf8");

const patience = { timeout: 45_000 };

let browser: Browser;
let page: Page;
/** What the program wrote to the console. */
let lines: string[];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  page = await browser.newPage();
  lines = [];
  page.on("console", (message) => {
    if (message.type() === "log") lines.push(message.text());
  });
  page.on("pageerror", (error) => lines.push(`pageerror: ${error.message}`));
  // The program keeps its source to itself. The first who is asked for connecttime is that source.
  await page.addInitScript(() => {
    const { addEventListener } = EventTarget.prototype;
    EventTarget.prototype.addEventListener = function (...args) {
      if (args[0] === "connecttime") (globalThis as any).noteSource ??= this;
      addEventListener.apply(this, args);
    };
  });
});
afterEach(async () => {
  await page.close();
  expect(lines.filter((line) => line.startsWith("pageerror"))).toEqual([]);
});

const count = (start: string): number => lines.filter((line) => line.startsWith(start)).length;
const comes = async (start: string, times = 1): Promise<void> => {
  await expect.poll(() => count(start), patience).toBeGreaterThanOrEqual(times);
};
const connecttime = "Connection was last established at: ";
const message = "new message ";
const retrying = "Connection closed. Attempting to reconnect!";
const gaveUp = "Connection closed!";
const unknown = "Connection closed. Unknown error!";

describe.each(["note.html", "note-script-tag.html"])("the note's program in %s", (file) => {
  test("differs from the note in the class name alone", () => {
    const html = readFileSync(`${root}/demo/${file}`, "utf8");
    expect(html).toContain(`\n${noteProgram.replaceAll("EventSource", "ResilientEventSource")}`);
  });

  describe("with the demo's server in a process of its own", () => {
    let port: number;
    let server: ServerProcess;
    const start = async (): Promise<void> => {
      server = await startServer(port, ["demo/server.mjs"]);
    };

    beforeEach(async () => {
      port = await freePort();
      await start();
      await page.goto(`http://localhost:${port}/${file}`);
      await comes(connecttime);
      await comes(message, 2);
    });
    afterEach(() => server.kill());

    test("reconnects after the server was killed, in spite of its retry: 10000", async () => {
      await server.kill();
      await comes(retrying);
      expect(await page.evaluate(() => (globalThis as any).noteSource.readyState)).toBe(0);
      await start();
      await comes(connecttime, 2);
      const before = count(message);
      await comes(message, before + 2);
      expect(count(gaveUp)).toBe(0);

      // And once more: this time the connection that dies was made by fetch, which has seen the retry. A luckier jitter spares us some of the 10 s.
      await page.evaluate(() => (Math.random = () => 0.1));
      await server.kill();
      const failures = count(retrying);
      await comes(retrying, failures + 1);
      await start();
      await comes(connecttime, 3);
    });

    test("gives up when the server answers 204", async () => {
      await server.kill();
      let requests = 0;
      const stop = createServer((_, response) => {
        requests++;
        response.writeHead(204).end();
      }).listen(port, "127.0.0.1");
      try {
        await comes(gaveUp);
        expect(await page.evaluate(() => (globalThis as any).noteSource.readyState)).toBe(2);
        expect(requests).toBe(1);
      } finally {
        stop.close();
        stop.closeAllConnections();
      }
    });

    test("calls an error while it is open unknown, and goes on", async () => {
      await page.evaluate(() => (globalThis as any).noteSource.dispatchEvent(new Event("error")));
      await comes(unknown);
      await comes(message, count(message) + 1);
      expect(count(gaveUp) + count(retrying)).toBe(0);
    });
  });

  test("closes on a click", async () => {
    const server = await startDemoServer({ port: 0, interval: 100 });
    try {
      await page.goto(server.address + file);
      await comes(message, 2);
      await page.click("h2");
      await comes("connection closed");
      await expect.poll(() => server.stream.clients, patience).toBe(0);
      const before = lines.length;
      // The server goes on for others; nothing of it arrives here.
      const { length } = server.stream.log;
      await expect.poll(() => server.stream.log.length, patience).toBeGreaterThan(length + 5);
      expect(lines).toHaveLength(before);
    } finally {
      await server.close();
    }
  });

  test("works with the note's own server, killed and started again", async () => {
    const port = await freePort();
    const code = noteServer.replace("listen(8080)", "listen(process.env.PORT)");
    expect(code).not.toBe(noteServer);
    // It answers every URL with a stream, so the page's files come from elsewhere.
    await page.route(/\.(html|css|js|svg)$/, async (route) => {
      const found = await findFile(new URL(route.request().url()).pathname);
      await route.fulfill(found ? { contentType: found.type, body: found.content } : { status: 404 });
    });
    let server = await startServer(port, ["-e", code]);
    try {
      await page.goto(`http://localhost:${port}/${file}`);
      await comes(connecttime);
      await comes(message, 2);
      await server.kill();
      await comes(retrying);
      server = await startServer(port, ["-e", code]);
      await comes(connecttime, 2);
      await comes(message, count(message) + 2);
      expect(count(gaveUp) + count(unknown)).toBe(0);
    } finally {
      await server.kill();
    }
  });
});
