// @ts-check
/** @import { IncomingMessage, ServerResponse } from "node:http" */

/** How many events are kept for clients that come back. */
const KEPT = 1000;
/** The return of the clients is spread over this many milliseconds when this server ends. */
const SPREAD = 10_000;

/**
 * An event stream. All clients get the same numbered events. A client that comes back with a
 * Last-Event-ID first gets the events that it missed.
 *
 * @param {object} [options]
 * @param {number | undefined} [options.interval] Milliseconds from one event to the next.
 * @param {number | undefined} [options.grace] For how many milliseconds events go on after the last
 *   client has left, so that a client that was cut off has something to catch up on.
 * @param {number | undefined} [options.retry] The `retry` field: the reconnection time in
 *   milliseconds; undefined sends none.
 * @param {((id: number) => string) | undefined} [options.data] The data of an event.
 */
export function createStream({
  interval = 1000,
  grace = 60_000,
  retry,
  data = dateOrHeartbeat,
} = {}) {
  /** @type {{ id: number, data: string }[]} */
  const log = [];
  let newest = 0;
  let ending = false;
  /** The clients, and what each calls itself. @type {Map<ServerResponse, string | null>} */
  const clients = new Map();
  /**
   * The clients that nothing reaches any more, although their connection looks alive.
   *
   * @type {WeakSet<ServerResponse>}
   */
  const stalled = new WeakSet();
  /** @type {NodeJS.Timeout | undefined} */
  let clock;
  /** @type {NodeJS.Timeout | undefined} */
  let idle;

  function tick() {
    newest++;
    const event = { id: newest, data: data(newest) };
    log.push(event);
    if (log.length > KEPT) log.shift();
    for (const client of clients.keys()) if (!stalled.has(client)) client.write(frame(event));
  }

  function stopClock() {
    clearTimeout(idle);
    clearInterval(clock);
    clock = undefined;
  }

  /**
   * @param {ServerResponse} client
   * @param {string | null} name
   */
  function join(client, name) {
    clients.set(client, name);
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

  return {
    /** The newest events, oldest first. @type {readonly { readonly id: number, readonly data: string }[]} */
    log,

    /** How many clients are connected. */
    get clients() {
      return clients.size;
    },

    /**
     * How many clients of this name are connected: `?client=name`.
     *
     * @param {string} name
     */
    named(name) {
      return [...clients.values()].filter((each) => each === name).length;
    },

    /**
     * True while events are being made: while a client is connected, and for the grace after that.
     */
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
      if (ending) {
        response
          .writeHead(503, {
            "Retry-After": String(Math.ceil(spread() / 1000)),
            "Cache-Control": "no-store",
          })
          .end();
        return;
      }
      response.writeHead(200, {
        "Content-Type": "text/event-stream",
        // No proxy may cache or compress the stream: both delay events.
        "Cache-Control": "no-cache, no-transform",
        // nginx would delay events to fill a buffer.
        "X-Accel-Buffering": "no",
      });
      // Firefox and Safari open at the first byte of the body, not at the headers.
      response.write(":\n\n");
      if (retry !== undefined) response.write(`retry: ${retry}\n`);

      const lastId = parseId(request.headers["last-event-id"] ?? query.get("lastEventId"));
      // The log of a restarted server is empty, so it counts on from its clients' last id.
      if (lastId !== undefined && log.length === 0) newest = Math.max(newest, lastId);
      // A new client gets its position at once. Cut before its first message, it would otherwise
      // miss the events until it is back.
      if (lastId === undefined) response.write(`id: ${newest}\n`);
      response.write(`event: connecttime\ndata: ${new Date()}\n\n`);
      if (lastId !== undefined) {
        for (const event of log) if (event.id > lastId) response.write(frame(event));
      }

      join(response, query.get("client"));
      response.once("close", () => leave(response));
    },

    /** Cuts every client off, as if the server had died. */
    cut() {
      for (const client of clients.keys()) client.socket?.destroy();
    },

    /**
     * From now on current clients receive nothing, as if a router on the way had forgotten them.
     */
    stall() {
      for (const client of clients.keys()) stalled.add(client);
    },

    /**
     * Ends the stream for good and in good order: each client gets a reconnection time of its own,
     * so that they do not come back all at once.
     */
    close() {
      ending = true;
      stopClock();
      for (const client of clients.keys()) {
        client.removeAllListeners("close");
        client.end(`retry: ${spread()}\n\n`);
      }
      clients.clear();
    },
  };
}

/** @param {{ id: number, data: string }} event */
function frame({ id, data }) {
  return `id:${id}\ndata:${data}\n\n`;
}

/**
 * The date, and every fifth time a heartbeat.
 *
 * @param {number} id
 */
function dateOrHeartbeat(id) {
  return id % 5 ? String(new Date()) : JSON.stringify({ type: "heartbeat" });
}

function spread() {
  return Math.ceil(Math.random() * SPREAD);
}

/**
 * A client's last id; undefined if it has none, or one that cannot be ours.
 *
 * @param {string | string[] | null} text
 */
function parseId(text) {
  return typeof text === "string" && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
