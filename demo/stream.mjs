// @ts-check
/** @import { IncomingMessage, ServerResponse } from "node:http" */

/** How many events are kept for clients that come back: at one a second, a quarter of an hour. */
const KEPT = 1000;
/** Every so many events, one is a heartbeat. */
const HEARTBEAT = 5;

/**
 * The demo's event stream. All clients get the same numbered events; who comes back with a Last-Event-ID first gets what was missed.
 *
 * @param {{ interval?: number | undefined, grace?: number | undefined }} [options] `interval`: milliseconds from one event to the next. `grace`: for how
 * many milliseconds events go on after the last client has left, so that one who was cut off has something to catch up on.
 */
export function createStream({ interval = 1000, grace = 60_000 } = {}) {
  /** @type {{ id: number, data: string }[]} */
  const log = [];
  let newest = 0;
  let running = true;
  /** @type {Set<ServerResponse>} */
  const clients = new Set();
  /** @type {NodeJS.Timeout | undefined} */
  let clock;
  /** @type {NodeJS.Timeout | undefined} */
  let idle;

  function tick() {
    newest++;
    const event = { id: newest, data: newest % HEARTBEAT ? String(new Date()) : JSON.stringify({ type: "heartbeat" }) };
    log.push(event);
    if (log.length > KEPT) log.shift();
    for (const client of clients) client.write(frame(event));
  }

  function stopClock() {
    clearTimeout(idle);
    clearInterval(clock);
    clock = undefined;
  }

  /** @param {ServerResponse} client */
  function join(client) {
    clients.add(client);
    clearTimeout(idle);
    clock ??= setInterval(tick, interval);
  }

  /** @param {ServerResponse} client */
  function leave(client) {
    clients.delete(client);
    if (clients.size > 0) return;
    clearTimeout(idle);
    idle = setTimeout(stopClock, grace);
  }

  function cutAll() {
    for (const client of clients) client.socket?.destroy();
  }

  return {
    /** The newest events, oldest first. @type {readonly { readonly id: number, readonly data: string }[]} */
    log,

    get running() {
      return running;
    },

    /** How many clients listen. */
    get clients() {
      return clients.size;
    },

    /** Whether events are being made: while anybody listens, and for the grace after that. */
    get ticking() {
      return clock !== undefined;
    },

    /**
     * Answers one client.
     *
     * @param {IncomingMessage} request
     * @param {ServerResponse} response
     * @param {URLSearchParams} query
     */
    answer(request, response, query) {
      if (!running) {
        // A dead server does not answer; not even with a status.
        request.socket.destroy();
        return;
      }
      response.writeHead(200, {
        "Content-Type": "text/event-stream",
        "Cache-Control": "no-cache",
        // nginx would keep events back to fill a buffer.
        "X-Accel-Buffering": "no",
      });
      // Firefox and Safari open at the first byte of the body, not at the headers.
      response.write(":\n\n");
      response.write("retry: 10000\n");

      const lastId = parseId(request.headers["last-event-id"] ?? query.get("lastEventId"));
      // The log of a server that was started again is empty: count on from what its clients know.
      if (lastId !== undefined && log.length === 0) newest = Math.max(newest, lastId);
      // A newcomer learns where it stands at once: cut before its first message, it would miss what comes until it is back.
      if (lastId === undefined) response.write(`id: ${newest}\n`);
      response.write(`event: connecttime\ndata: ${new Date()}\n\n`);
      if (lastId !== undefined) {
        for (const event of log) if (event.id > lastId) response.write(frame(event));
      }

      join(response);
      response.once("close", () => leave(response));
    },

    /** Cuts every client off, and each that comes from now on: to them it looks as if the server had died. */
    stop() {
      running = false;
      cutAll();
    },

    start() {
      running = true;
    },

    /** Ends it for good. */
    close() {
      running = false;
      for (const client of clients) client.removeAllListeners("close");
      cutAll();
      clients.clear();
      stopClock();
    },
  };
}

/** @param {{ id: number, data: string }} event */
function frame({ id, data }) {
  return `id:${id}\ndata:${data}\n\n`;
}

/**
 * The id a client brings; undefined for none, and for one that cannot be ours.
 *
 * @param {string | string[] | null} text
 */
function parseId(text) {
  return typeof text === "string" && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
