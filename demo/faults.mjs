// @ts-check
import { randomUUID } from "node:crypto";
/** @import { IncomingMessage, ServerResponse } from "node:http" */

/** How long a fault may last at most, in seconds. */
const LONGEST = 60;
/** Retry-After of the 503, in seconds. */
const RETRY_AFTER = 3;

/** The part of a stream that faults use. @typedef {{ cut(): void, stall(): void }} Faulty */

/**
 * The faults behind the buttons of the pages. While a fault lasts, it answers requests in place of
 * the streams.
 *
 * @param {Faulty[]} streams
 */
export function createFaults(streams) {
  let current = "none";
  let token = newToken();
  /** @type {NodeJS.Timeout | undefined} */
  let end;
  /** @type {NodeJS.Timeout | undefined} */
  let cutting;

  const cutAll = () => {
    for (const stream of streams) stream.cut();
  };

  /**
   * The beginning of each fault; `lasts`: it goes on until it is ended.
   *
   * @type {Record<string, { lasts: boolean, begin(): void }>}
   */
  const faults = {
    /** A dead server: it does not answer at all. */
    stop: { lasts: true, begin: cutAll },
    /** A deploy behind a proxy. */
    unavailable: { lasts: true, begin: cutAll },
    /** The server asks its clients to stay away. */
    gone: { lasts: true, begin: cutAll },
    /** A bad network. */
    cut: {
      lasts: true,
      begin() {
        cutAll();
        cutting = setInterval(cutAll, 1000);
      },
    },
    /** Connections that died without notice. New ones work. */
    stall: {
      lasts: false,
      begin() {
        for (const stream of streams) stream.stall();
      },
    },
    /** The clients' token has expired. */
    expire: {
      lasts: false,
      begin() {
        token = newToken();
        cutAll();
      },
    },
    start: { lasts: false, begin() {} },
  };

  return {
    /** All faults; `start` ends the others. */
    names: Object.keys(faults),

    /** The current fault. */
    get current() {
      return current;
    },

    /** The current token. */
    get token() {
      return token;
    },

    /**
     * Begins a fault, which ends the current one.
     *
     * @param {string} name
     * @param {number} [seconds] How long it lasts. Default: until the next one.
     */
    begin(name, seconds) {
      const fault = faults[name];
      if (!fault) throw new RangeError(`There is no fault ${JSON.stringify(name)}.`);
      clearTimeout(end);
      clearInterval(cutting);
      current = fault.lasts ? name : "none";
      fault.begin();
      if (fault.lasts && seconds)
        end = setTimeout(() => this.begin("start"), Math.min(seconds, LONGEST) * 1000);
    },

    /**
     * Answers a request of a stream if a fault lasts; returns whether it has.
     *
     * @param {IncomingMessage} request
     * @param {ServerResponse} response
     * @param {string | null} [shown] The request's token, if the stream wants one.
     */
    answer(request, response, shown = token) {
      if (current === "stop") request.socket.destroy();
      else if (current === "unavailable")
        response
          .writeHead(503, { "Retry-After": String(RETRY_AFTER), "Cache-Control": "no-store" })
          .end();
      else if (current === "gone") response.writeHead(204, { "Cache-Control": "no-store" }).end();
      else if (shown !== token)
        response
          .writeHead(401, { "WWW-Authenticate": "Bearer", "Cache-Control": "no-store" })
          .end();
      else return false;
      return true;
    },

    /** Ends all timers. */
    close() {
      clearTimeout(end);
      clearInterval(cutting);
    },
  };
}

function newToken() {
  return randomUUID().slice(0, 8);
}
