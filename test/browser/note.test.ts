import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startDemoServer } from "../../demo/server.mjs";
import { startServer, type ServerProcess } from "../support/demo/demo-process.ts";
import { freePort } from "../support/server/free-port.ts";
import { root } from "../support/package/dist.ts";
import { engine, type PageBrowser } from "../support/browsers/engines/engine.ts";
import type { Page } from "../support/browsers/engines/page.ts";

/**
 * The programs this project grew from, unchanged: a server for Node, and a page that uses the
 * browser's own EventSource.
 */
const noteServer = readFileSync(`${root}/test/support/demo/note-server.txt`, "utf8");
const noteProgram = readFileSync(`${root}/test/support/demo/note-browser.txt`, "utf8");

/**
 * Loaded before the note's server, which answers every URL with a stream: serves the page's files.
 */
const WITH_FILES = `{
  const http = require("http");
  const { createServer } = http;
  http.createServer = (answer) => createServer(async (request, response) => {
    const { findFile } = await import("./demo/files.mjs");
    const found = await findFile(request.url);
    if (found) response.writeHead(200, { "Content-Type": found.type }).end(found.content);
    else answer(request, response);
  });
}
`;

let browser: PageBrowser;
let page: Page;
/** The open connections. */
const pages: Page[] = [];

beforeAll(async () => {
  browser = await engine.launch();
});
afterAll(() => browser.close());

/** Opens the program's page. */
async function open(url: string): Promise<void> {
  page = await browser.open(url);
  pages.push(page);
  await page.evaluate(() => {
    globalThis.complaints = [];
    addEventListener("error", ({ message }) => complaints.push(message));
    addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));
    // The program keeps its source to itself: the first source that dispatches an event is it.
    const { dispatchEvent } = EventTarget.prototype;
    EventTarget.prototype.dispatchEvent = function (event) {
      globalThis.noteSource ??= this as EventSource;
      return dispatchEvent.call(this, event);
    };
  });
}
afterEach(async () => {
  for (const page of pages.splice(0)) {
    expect(await page.evaluate(() => complaints)).toEqual([]);
    await page.close();
  }
});

/** The program logs to the console, and the page shows that. */
const lines = (): Promise<string[]> =>
  page.evaluate(() =>
    Array.from(document.querySelectorAll("#console li"), (line) => line.textContent),
  );
const count = async (start: string): Promise<number> =>
  (await lines()).filter((line) => line.startsWith(start)).length;
const comes = async (start: string, times = 1): Promise<void> => {
  await expect.poll(() => count(start)).toBeGreaterThanOrEqual(times);
};
const comesAgain = async (start: string, times = 1): Promise<void> =>
  comes(start, (await count(start)) + times);
const connecttime = "Connection was last established at: ";
const message = "new message ";
const retrying = "Connection closed. Attempting to reconnect!";
const gaveUp = "Connection closed!";
const unknown = "Connection closed. Unknown error!";

describe.each(["note.html", "note-script-tag.html"])("the note's program in %s", (file) => {
  /** The two pages differ in how they load the library: outages of one are enough for `npm test`. */
  const outage = file === "note.html" ? {} : ({ tags: "slow" } as const);

  test("differs from the note only in the class name", () => {
    const html = readFileSync(`${root}/demo/${file}`, "utf8");
    expect(html).toContain(`\n${noteProgram.replaceAll("EventSource", "ResilientEventSource")}`);
  });

  describe("with the demo's server in a process of its own", outage, () => {
    let port: number;
    let server: ServerProcess;
    const start = async (): Promise<void> => {
      server = await startServer(port, ["demo/server.mjs"]);
    };

    beforeEach(async () => {
      port = await freePort();
      await start();
      await open(`http://localhost:${port}/${file}`);
      await comes(connecttime);
      await comes(message, 2);
      await page.waitFor(() => "noteSource" in globalThis);
    });
    afterEach(() => server.kill());

    test("reconnects after the server was killed, in spite of `retry: 10000`", async () => {
      await server.kill();
      await comes(retrying);
      expect(await page.evaluate(() => noteSource.readyState)).toBe(0);
      await start();
      await comes(connecttime, 2);
      await comesAgain(message, 2);
      expect(await count(gaveUp)).toBe(0);
    });

    test("does so once more, ten seconds later", { tags: "slow" }, async () => {
      await server.kill();
      await start();
      await comes(connecttime, 2);
      // This connection was made by fetch, which has read the `retry` field. A lucky jitter saves
      // some of the 10 s on top.
      await page.evaluate(() => (Math.random = () => 0.1));
      const failures = await count(retrying);
      await server.kill();
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
        expect(await page.evaluate(() => noteSource.readyState)).toBe(2);
        expect(requests).toBe(1);
      } finally {
        stop.close();
        stop.closeAllConnections();
      }
    });

    test("logs an unknown error while it is open, and goes on", async () => {
      await page.evaluate(() => noteSource.dispatchEvent(new Event("error")));
      await comes(unknown);
      await comesAgain(message);
      expect((await count(gaveUp)) + (await count(retrying))).toBe(0);
    });
  });

  test("closes on a click", async () => {
    const server = await startDemoServer({ port: 0, interval: 100 });
    try {
      await open(server.address + file);
      await comes(message, 2);
      await page.evaluate(() => document.querySelector("h2")!.click());
      await comes("connection closed");
      await expect.poll(() => server.stream.clients).toBe(0);
      const { length: before } = await lines();
      // The server goes on for others; nothing of it arrives here.
      const { length } = server.stream.log;
      await expect.poll(() => server.stream.log.length).toBeGreaterThan(length + 5);
      expect(await lines()).toHaveLength(before);
    } finally {
      await server.close();
    }
  });

  test("works with the note's own server, killed and started again", outage, async () => {
    const port = await freePort();
    const withPort = noteServer.replace("listen(8080)", "listen(process.env.PORT)");
    expect(withPort).not.toBe(noteServer);
    const code = WITH_FILES + withPort;
    let server = await startServer(port, ["-e", code]);
    try {
      await open(`http://localhost:${port}/${file}`);
      await comes(connecttime);
      await comes(message, 2);
      await server.kill();
      await comes(retrying);
      server = await startServer(port, ["-e", code]);
      await comes(connecttime, 2);
      await comesAgain(message, 2);
      expect((await count(gaveUp)) + (await count(unknown))).toBe(0);
    } finally {
      await server.kill();
    }
  });
});

declare global {
  var noteSource: EventSource;
  var complaints: string[];
}
