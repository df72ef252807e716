// @ts-check
import {
  fetchTransport,
  isRetried,
  json,
  ResilientEventSource,
  sharedTransport,
} from "resilient-eventsource";
import { Track } from "./track.js";

/** @import { ConnectionError } from "../../src/index.ts" */
/**
 * The data of every event: how many connections each kind of client has.
 *
 * @typedef {{ native: number, resilient: number }} Tick
 */

/** Waits that a visitor can watch; the defaults of the library are 3 and 30 seconds. */
const backoff = { startingDelay: 1000, maxDelay: 5000 };

/** From when on a connection counts as good, in milliseconds. */
export const STABLE_AFTER = 1500;

/** @type {Promise<string> | undefined} */
let known;

/** The token for the stream: fetched once, and again after it was refused. */
function token() {
  known ??= fetch("token").then((response) => response.text());
  // A failure must not be kept like a token.
  known.catch(() => (known = undefined));
  return known;
}

/** The next attempt fetches another one. */
function renewToken() {
  known = undefined;
  return true;
}

/** The browser's own EventSource, in its usual form. */
export function createNative() {
  const track = new Track();
  /** @type {EventSource | undefined} */
  let source;

  /** A new one, as after a reload of the page, which forgets its position in the stream. */
  async function connect() {
    source?.close();
    track.enter("connecting");
    const opened = new EventSource(`live?client=native&token=${await token()}`);
    source = opened;
    opened.addEventListener("open", () => track.enter("open"));
    opened.addEventListener("message", ({ lastEventId }) => track.event(Number(lastEventId)));
    opened.addEventListener("error", () => {
      track.fail("");
      track.enter(opened.readyState === EventSource.CLOSED ? "closed" : "connecting");
    });
  }

  void connect();
  return {
    track,
    restart() {
      renewToken();
      void connect();
    },
  };
}

/**
 * This library, in its usual form.
 *
 * @param {(tick: Tick) => void} onTick
 */
export function createResilient(onTick) {
  const track = new Track();
  const authorized = fetchTransport(async () => ({
    headers: { Authorization: `Bearer ${await token()}` },
  }));
  /** @type {ReturnType<typeof connect>} */
  let source;

  /** @param {{ shared: boolean, lastEventId?: string }} options */
  function connect({ shared, lastEventId }) {
    const source = new ResilientEventSource("live?client=resilient", {
      events: { message: /** @type {typeof json<Tick>} */ (json)() },
      transport: shared ? sharedTransport(authorized, { key: "live" }) : authorized,
      heartbeatTimeout: 3000,
      minUptime: STABLE_AFTER,
      connectTimeout: 5000,
      lastEventId,
      backoff: {
        ...backoff,
        retry: (error) => (error.status === 401 ? renewToken() : isRetried(error)),
      },
    });
    source.on("message", (tick, event) => {
      track.event(Number(event.lastEventId));
      onTick(tick);
    });
    source.addEventListener("statechange", () => {
      const { state } = source;
      if (state.status === "connecting") track.attempt();
      if (state.status === "waiting") track.enter("waiting", waitOf(state));
      else if (state.status === "closed" && !state.error)
        track.enter("closed", { word: "stopped", colour: "soft" });
      else track.enter(state.status);
    });
    source.addEventListener("error", ({ error }) => {
      if (error.expected) track.end(explain(error));
      else track.fail(explain(error));
    });
    track.enter("connecting");
    track.attempt();
    return source;
  }

  source = connect({ shared: true });
  return {
    track,
    get state() {
      return source.state;
    },
    reconnect: () => source.reconnect(),
    /** @param {boolean} shared */
    share(shared) {
      const { lastEventId } = source;
      source.close();
      source = connect({ shared, lastEventId });
    },
  };
}

/**
 * A wait, and the two times between which the jitter can put its end.
 *
 * @param {{ attempt: number, delay: number, retryAt: number, error: ConnectionError }} state
 */
function waitOf({ attempt, delay, retryAt: until, error }) {
  const from = until - delay;
  const floor = error.retryAfter ?? 0;
  const longest = floor + Math.min(backoff.startingDelay * 2 ** (attempt - 1), backoff.maxDelay);
  /** @type {[number, number]} */
  const drawnFrom = [from + floor, from + Math.max(longest, delay)];
  return { until, drawnFrom };
}

/** @param {ConnectionError} error */
function explain({ message, retryAfter }) {
  return retryAfter === undefined
    ? message
    : `${message}, and asks for ${retryAfter / 1000} s of rest`;
}
