// @ts-check
import { realpathSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { createAnswers } from "./answers.mjs";
import { listen, runCommand } from "./command.mjs";
import { createFaults } from "./faults.mjs";
import { findFile } from "./files.mjs";
import { forOwnOrigin } from "./own-origin.mjs";
import { createStream } from "./stream.mjs";

/** @import { IncomingMessage, ServerResponse } from "node:http" */

/** How long clients have to disconnect after the last message, in milliseconds. */
const FAREWELL = 100;

/**
 * Starts the demo: its pages, the built library, the event streams, and the commands behind the
 * buttons of the pages.
 *
 * - `/stream`: a date every `interval` milliseconds, for the plain pages
 * - `/live`: four times as many events, for clients with the token
 * - `/token`: the token
 * - `/control/FAULT`: POST; begins a fault of both streams, with `?seconds=10` for this long (the
 *   names are in faults.mjs)
 * - `/ask/…`: the answers of the page “Answer” (see answers.mjs)
 * - everything else: a file
 *
 * @param {{ port?: number, interval?: number, grace?: number }} [options] `port` 0 picks a free
 *   one; the others are those of the stream.
 */
export async function startDemoServer({ port = 8080, interval = 1000, grace } = {}) {
  const stream = createStream({ interval, grace, retry: 10_000 });
  const live = createStream({
    interval: interval / 4,
    grace,
    data: () =>
      JSON.stringify({ native: live.named("native"), resilient: live.named("resilient") }),
  });
  const faults = createFaults([stream, live]);
  const answers = createAnswers();

  /** @type {(request: IncomingMessage, response: ServerResponse) => Promise<void>} */
  async function answer(request, response) {
    const url = new URL(request.url ?? "/", "http://localhost");
    const { pathname, searchParams: query } = url;
    if (pathname.startsWith("/control/")) {
      if (allow(["POST"], request, response))
        control(pathname.slice("/control/".length), query, response);
      return;
    }
    if (pathname.startsWith("/ask/")) {
      await answers.answer(request, response, pathname);
      return;
    }
    if (!allow(["GET", "HEAD"], request, response)) return;
    switch (pathname) {
      case "/stream":
        if (!faults.answer(request, response)) stream.answer(request, response, query);
        return;
      case "/live": {
        // An EventSource cannot send headers, so its token has to be in the URL, where logs and
        // histories keep it.
        const token = request.headers.authorization?.replace(/^Bearer /, "") ?? query.get("token");
        if (!faults.answer(request, response, token)) live.answer(request, response, query);
        return;
      }
      case "/token":
        send(response, 200, "text/plain; charset=utf-8", faults.token);
        return;
      default: {
        const file = await findFile(pathname);
        if (file) send(response, 200, file.type, file.content);
        else send(response, 404, "text/plain; charset=utf-8", "There is no such page.\n");
      }
    }
  }

  /**
   * @param {string} fault
   * @param {URLSearchParams} query
   * @param {ServerResponse} response
   */
  function control(fault, query, response) {
    if (!faults.names.includes(fault)) {
      send(
        response,
        404,
        "text/plain; charset=utf-8",
        `There is no such fault. There are: ${faults.names.join(", ")}.\n`,
      );
      return;
    }
    faults.begin(fault, Number(query.get("seconds")) || undefined);
    send(response, 200, "application/json", JSON.stringify({ fault: faults.current }));
  }

  const server = createServer(
    forOwnOrigin((request, response) => {
      answer(request, response).catch((error) => {
        console.error(error);
        request.socket.destroy();
      });
    }),
  );
  const bound = await listen(server, port);

  return {
    address: `http://localhost:${bound}/`,
    port: bound,
    stream,
    live,
    faults,
    /** Sends every client its last message, and resolves when the port is free again. */
    async close() {
      faults.close();
      await new Promise((resolve) => {
        server.close(resolve);
        stream.close();
        live.close();
        answers.close();
        // The last messages are sent. Clients that do not disconnect on their own are cut off.
        setTimeout(() => server.closeAllConnections(), FAREWELL);
      });
    },
  };
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {string} type
 * @param {string | Buffer} content
 */
function send(response, status, type, content) {
  // A page that was built again must be visible at once.
  response
    .writeHead(status, {
      "Content-Type": type,
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    })
    .end(content);
}

/**
 * Returns true if the request has one of these methods; answers it otherwise.
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

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await runCommand("npm run demo", async (port) => {
    const server = await startDemoServer({ port });
    console.log(`The demo is at ${server.address} (Ctrl+C ends it)`);
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => server.close());
  });
}
