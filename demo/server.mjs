// @ts-check
import { existsSync, realpathSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { findFile } from "./files.mjs";
import { createStream } from "./stream.mjs";

/** @import { IncomingMessage, ServerResponse } from "node:http" */

/**
 * Starts the demo: its pages, the built library, the event stream at `/stream`, and at `/control` what the buttons of the pages use.
 *
 * @param {{ port?: number, interval?: number, grace?: number }} [options] `port` 0 picks a free one; the others are those of the stream.
 */
export async function startDemoServer({ port = 8080, interval, grace } = {}) {
  const stream = createStream({ interval, grace });

  /** @type {(request: IncomingMessage, response: ServerResponse) => Promise<void>} */
  async function answer(request, response) {
    const [pathname = "/", query] = (request.url ?? "/").split("?", 2);
    switch (pathname) {
      case "/stream":
        if (allow(["GET"], request, response)) stream.answer(request, response, new URLSearchParams(query));
        return;
      case "/control/stop":
      case "/control/start":
        if (!allow(["POST"], request, response)) return;
        if (pathname === "/control/stop") stream.stop();
        else stream.start();
        response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
        response.end(JSON.stringify({ running: stream.running }));
        return;
      default: {
        if (!allow(["GET", "HEAD"], request, response)) return;
        const file = await findFile(pathname);
        response.writeHead(file ? 200 : 404, {
          "Content-Type": file?.type ?? "text/plain; charset=utf-8",
          // A page that was built again is to be seen at once.
          "Cache-Control": "no-store",
          "X-Content-Type-Options": "nosniff",
        });
        response.end(file?.content ?? "There is no such page.\n");
      }
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      console.error(error);
      request.socket.destroy();
    });
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(undefined));
  });
  const address = server.address();
  const bound = typeof address === "object" && address ? address.port : port;

  return {
    address: `http://localhost:${bound}/`,
    port: bound,
    stream,
    /** Ends every connection, and resolves when the port is free again. */
    async close() {
      stream.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

/**
 * Whether the request's method is one of these; answers it where it is not.
 *
 * @param {string[]} methods
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
function allow(methods, request, response) {
  if (methods.includes(request.method ?? "")) return true;
  response.writeHead(405, { Allow: methods.join(", ") }).end();
  return false;
}

async function main() {
  const { PORT } = process.env;
  const port = PORT ? Number(PORT) : 8080;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    fail(`PORT must be a number from 0 to 65535, got ${JSON.stringify(PORT)}.`);
    return;
  }
  if (!existsSync(new URL("../dist/index.js", import.meta.url))) {
    fail("The library is not built yet: run npm run build first, or npm run demo, which does both.");
    return;
  }
  try {
    const server = await startDemoServer({ port });
    console.log(`The demo is at ${server.address} (Ctrl+C ends it)`);
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.close());
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE") fail(`Port ${port} is in use. Choose another one, for example: PORT=${port + 1} npm run demo`);
    else if (code === "EACCES") fail(`Port ${port} is not open to this user. Choose another one, for example: PORT=8080 npm run demo`);
    else throw error;
  }
}

/** @param {string} sentence */
function fail(sentence) {
  console.error(sentence);
  process.exitCode = 1;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
