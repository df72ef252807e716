// @ts-check
import { ConnectionError, ResilientEventSource } from "resilient-eventsource";

/** @import { Transport } from "../../src/index.ts" */
/** @import { StormServer } from "./storm-server.js" */

/** After how many milliseconds an EventSource retries, in Chrome and Safari: always the same. */
const NATIVE_DELAY = 3000;
/** Retry-After of a 503, in milliseconds. */
const RETRY_AFTER = 5000;

/** @typedef {"open" | "waiting" | "closed"} DotState */

/** Many clients of one server. */
class Crowd {
  /** @type {DotState[]} */
  states;
  /** When each client made its last attempt. */
  attemptedAt;

  /** @param {number} size */
  constructor(size) {
    this.states = Array.from({ length: size }, () => "waiting");
    this.attemptedAt = new Float64Array(size).fill(-Infinity);
  }

  /** @param {DotState} state */
  count(state) {
    return this.states.filter((each) => each === state).length;
  }
}

/** The browser's rule, without a browser: a retry after 3 s, and none after an HTTP error. */
export class NativeCrowd extends Crowd {
  /** @type {Set<ReturnType<typeof setTimeout>>} */
  #timers = new Set();
  #server;

  /**
   * @param {number} size
   * @param {StormServer} server
   */
  constructor(size, server) {
    super(size);
    this.#server = server;
    for (let client = 0; client < size; client++) this.#connect(client);
  }

  /** @param {number} client */
  #connect(client) {
    this.attemptedAt[client] = performance.now();
    const answer = this.#server.connect(() => this.#wait(client));
    if (typeof answer === "object") this.states[client] = "open";
    else if (answer === "503") this.states[client] = "closed";
    else this.#wait(client);
  }

  /** @param {number} client */
  #wait(client) {
    this.states[client] = "waiting";
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#connect(client);
    }, NATIVE_DELAY);
    this.#timers.add(timer);
  }

  close() {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

/**
 * Real sources with the defaults of the library. Only their transport is the page's own: it
 * connects to the simulated server.
 */
export class ResilientCrowd extends Crowd {
  /** @type {ResilientEventSource[]} */
  #sources;

  /**
   * @param {number} size
   * @param {StormServer} server
   */
  constructor(size, server) {
    super(size);
    this.#sources = this.states.map((_, client) => {
      const source = new ResilientEventSource("storm", { transport: transportTo(server) });
      source.addEventListener("statechange", () => {
        const { status } = source.state;
        if (status === "connecting") this.attemptedAt[client] = performance.now();
        this.states[client] = status === "open" || status === "closed" ? status : "waiting";
      });
      return source;
    });
  }

  close() {
    for (const source of this.#sources) source.close();
  }
}

/**
 * @param {StormServer} server
 * @returns {Transport}
 */
function transportTo(server) {
  return ({ signal }, sink) =>
    new Promise((resolve, reject) => {
      const answer = server.connect(() =>
        reject(new ConnectionError("the connection was cut", { reason: "network" })),
      );
      if (answer === "closed")
        reject(new ConnectionError("the server was not reached", { reason: "network" }));
      else if (answer === "503")
        reject(
          new ConnectionError("the server answered 503", {
            reason: "status",
            status: 503,
            retryAfter: RETRY_AFTER,
          }),
        );
      else {
        sink.open();
        signal.addEventListener("abort", () => {
          answer.leave();
          resolve();
        });
      }
    });
}
