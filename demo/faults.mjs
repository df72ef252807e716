// @ts-check
import { randomUUID } from "node:crypto";
/** @import { IncomingMessage, ServerResponse } from "node:http" */

/** How long a fault may be ordered to last, in seconds. */
const LONGEST = 60;
/** What clients are asked to wait by the 503, in seconds. */
const RETRY_AFTER = 3;

/** What faults do to a stream. @typedef {{ cut(): void, stall(): void }} Faulty */

/**
 * What the buttons of the pages break: it stands before the streams, and answers in their place.
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

  /** What happens when a fault begins; `lasts`: it goes on until it is ended. @type {Record<string, { lasts: boolean, begin(): void }>} */
  const faults = {
    /** A dead server: it does not answer, not even with a status. */
    stop: { lasts: true, begin: cutAll },
    /** A deploy behind a proxy. */
    unavailable: { lasts: true, begin: cutAll },
    /** The server wants nobody any more. */
    gone: { lasts: true, begin: cutAll },
    /** Bad weather. */
    cut: {
      lasts: true,
      begin() {
        cutAll();
        cutting = setInterval(cutAll, 1000);
      },
    },
    /** A connection that died without telling its ends. Whoever connects anew gets through. */
    stall: {
      lasts: false,
      begin() {
        for (const stream of streams) stream.stall();
      },
    },
    /** The token that clients have is not good any more. */
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
    /** The faults there are; `start` ends the others. */
    names: Object.keys(faults),

    /** The fault that lasts now. */
    get current() {
      return current;
    },

    /** The token that is good now. */
    get token() {
      return token;
    },

    /**
     * Begins a fault, which ends the one before.
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
     * Whether this request of a stream was answered by a fault.
     *
     * @param {IncomingMessage} request
     * @param {ServerResponse} response
     * @param {string | null} [shown] The token it brought, where the stream wants one.
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
