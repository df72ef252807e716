// The reaction of each client to the loss of its server (see `Policy` in simulate.mjs).

/** @typedef {import("./simulate.mjs").Loss} Loss */

const evenly = (from, to) => from + Math.random() * (to - from);

/** An HTTP error is final, as in the standard; any other failure is retried. */
const untilHttpError = (delay) => (loss) => (loss.refusal === "503" ? undefined : delay(loss));

/** Chrome and Safari reconnect on their own unless a server answers with an error. */
const native = untilHttpError(() => 3000);

/** Wrappers of EventSource that act only when it is CLOSED, so only after an HTTP error. */
const native503 = (delay) => (loss) => (loss.refusal === "503" ? delay(loss) : native(loss));

/**
 * The peers' rules, each with the file where we read it, for a client that was made with nothing
 * but a URL unless the name says otherwise. None of them reads Retry-After. `overNative`: while no
 * server answers, it is the browser that reconnects.
 *
 * @type {(import("./simulate.mjs").Policy & { source: string, rule: string, overNative?: boolean
 *   })[]}
 */
export const peers = [
  {
    name: "native EventSource (Chrome, Safari); eventsource",
    source: "measured; 5.1.5, `src/EventSource.ts`, and 4.1.1",
    rule: "3 s; an HTTP error is final",
    delay: native,
  },
  {
    name: "native EventSource (Firefox); extended-eventsource",
    source:
      "measured, within an origin (across origins a closed port is final, too); 2.1.0, `dist/index.esm.js`",
    rule: "5 s; an HTTP error is final",
    delay: untilHttpError(() => 5000),
  },
  {
    name: "eventsource-client",
    source: "1.2.0, `src/client.ts`; takes the body of a 503 for a stream that ended",
    rule: "2 s",
    delay: () => 2000,
  },
  {
    name: "@microsoft/fetch-event-source; launchdarkly-eventsource",
    source:
      "2.0.1, `lib/esm/fetch.js` (a stream that ends cleanly is final); 2.2.0, `lib/eventsource.js`",
    rule: "1 s",
    delay: () => 1000,
  },
  {
    name: "reconnecting-eventsource",
    source: "1.6.5, `build/esnext/reconnecting-eventsource.js`, over Chrome's EventSource",
    overNative: true,
    rule: "3 s, native's; after an HTTP error evenly from 0 to 3 s",
    delay: native503(() => evenly(0, 3000)),
  },
  {
    name: "event-source-polyfill (Yaffle)",
    source: "1.0.31, `src/eventsource.js`",
    rule: "1 s, doubled up to 16 s, anew with every opening; an HTTP error is final",
    minUptime: 0,
    delay: untilHttpError(({ failures }) => Math.min(1000 * 2 ** (failures - 1), 16_000)),
  },
  {
    name: "eventsource-polyfill (amvtek)",
    source: "0.9.6, `dist/eventsource.js`",
    rule: "whatever fails is final",
    delay: () => undefined,
  },
  {
    name: "event-source-plus",
    source: "0.1.15, `src/event-source.ts`",
    rule: "2 ms, doubled up to 30 s, anew with every opening",
    minUptime: 0,
    delay: ({ failures }) => Math.min(2 ** failures, 30_000),
  },
  {
    name: "sse.js (autoReconnect on)",
    source: "2.8.0, `lib/sse.js`",
    rule: "3 s",
    delay: () => 3000,
  },
  {
    name: "launchdarkly-eventsource (backoff and jitter as in its README)",
    source:
      "2.2.0, `lib/retry-delay.js`: `maxBackoffMillis: 30000, jitterRatio: 0.5, retryResetIntervalMillis: 60000`",
    rule: "1 s, doubled up to 30 s, each less up to half of it",
    minUptime: 60_000,
    delay: ({ failures }) => Math.min(1000 * 2 ** (failures - 1), 30_000) * evenly(0.5, 1),
  },
  {
    name: "graphql-sse",
    source: "2.6.1, `lib/client.mjs`; starts anew with a result",
    rule: "1 s, doubled, plus 0.3 to 3 s; five retries, then the end",
    delay: ({ failures }) =>
      failures > 5 ? undefined : 1000 * 2 ** (failures - 1) + evenly(300, 3000),
  },
  {
    name: "VueUse useEventSource (autoReconnect on)",
    source: "@vueuse/core 14.4.0, `dist/index.js`, over Chrome's EventSource",
    overNative: true,
    rule: "3 s, native's; after an HTTP error 1 s",
    delay: native503(() => 1000),
  },
  {
    name: "htmx-ext-sse",
    source: "2.2.4, `sse.js`, over Chrome's EventSource",
    overNative: true,
    rule: "3 s, native's; after an HTTP error 0.5 s, doubled up to 64 s, anew with every opening",
    delay: native503(({ rejections }) => 500 * Math.min(2 ** (rejections - 1), 128)),
  },
  {
    name: "partysocket (WebSocket)",
    source: "1.3.0, `dist/ws.js`",
    rule: "3 s × 1.3 up to 10 s, anew after 5 s open",
    minUptime: 5000,
    delay: ({ failures }) => Math.min(3000 * 1.3 ** (failures - 1), 10_000),
  },
  {
    name: "reconnecting-websocket (WebSocket)",
    source: "4.4.0, `dist/reconnecting-websocket-mjs.js`",
    rule: "1 to 5 s, drawn once a page, × 1.3 up to 10 s, anew after 5 s open",
    minUptime: 5000,
    // A page draws its first wait at random, and the later ones grow from it, so the last wait is
    // all that the rule needs.
    delay: ({ failures, previous }) =>
      failures === 1 ? evenly(1000, 5000) : Math.min(previous * 1.3, 10_000),
  },
];

/**
 * Our rule: the library's own code, not a copy of it.
 *
 * @param library The bundle of library.mjs.
 * @param {object} [told]
 * @param {import("../../../src/options.ts").BackoffOptions} [told.backoff] The option.
 * @param {number} [told.retryAfter] Retry-After of a 503, in milliseconds.
 * @param {number} [told.reconnectionTime] The `retry` field, in milliseconds.
 * @returns {import("./simulate.mjs").Policy}
 */
export function ours(
  { delayBefore, isRetried, ConnectionError, resolveOptions },
  name,
  { backoff, retryAfter, reconnectionTime } = {},
) {
  const settings = resolveOptions({ backoff });
  const errors = {
    drop: new ConnectionError("cut", { reason: "network" }),
    closed: new ConnectionError("refused", { reason: "network" }),
    503: new ConnectionError("503", { reason: "status", status: 503, retryAfter }),
    cut: new ConnectionError("cut", { reason: "network" }),
  };
  return {
    name,
    minUptime: settings.minUptime,
    delay({ failures, refusal }) {
      const error = errors[refusal];
      if (!isRetried(error) || failures >= settings.backoff.numOfAttempts) return undefined;
      return delayBefore(failures, settings.backoff, {
        reconnectionTime,
        retryAfter: error.retryAfter,
      });
    },
  };
}
