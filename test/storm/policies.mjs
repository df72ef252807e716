// What each client does when it lost its server: milliseconds until its next attempt, or undefined when it gives up for good.
// `failures` counts the attempts in a row that failed; `refusal` is how the last one did: the drop itself, a closed port, or a 503.

/** A policy that dies of an HTTP error, as the standard wants it. */
const fatal503 = (delay) => (failures, refusal) => (refusal === "503" ? undefined : delay(failures));
const random = (from, to) => from + Math.random() * (to - from);

/** The rules of the peers' defaults, each with the place it was read from. */
export const peers = [
  { name: "native EventSource (Chrome, Safari)", source: "measured: 3 s, for all the same", delay: fatal503(() => 3000) },
  { name: "native EventSource (Firefox)", source: "measured: 5 s, for all the same", delay: fatal503(() => 5000) },
  { name: "eventsource 5", source: "src/EventSource.ts: 3 s", delay: fatal503(() => 3000) },
  { name: "eventsource-client", source: "src/client.ts: 2 s", delay: () => 2000 },
  { name: "@microsoft/fetch-event-source", source: "lib/esm/fetch.js: 1 s", delay: () => 1000 },
  {
    name: "reconnecting-eventsource",
    source: "build/esnext/reconnecting-eventsource.js: evenly from 0 to 3 s",
    delay: () => random(0, 3000),
  },
  {
    name: "event-source-polyfill (Yaffle)",
    source: "src/eventsource.js L906: 1 s, doubled up to 16 s",
    delay: fatal503((failures) => Math.min(1000 * 2 ** (failures - 1), 16_000)),
  },
  {
    name: "event-source-plus",
    source: "src/event-source.ts L63: 2 ms, doubled up to 30 s",
    delay: (failures) => Math.min(2 ** failures, 30_000),
  },
  { name: "sse.js (autoReconnect)", source: "lib/sse.js: 3 s", delay: () => 3000 },
  { name: "extended-eventsource", source: "dist/index.esm.js: 5 s", delay: fatal503(() => 5000) },
  {
    name: "graphql-sse",
    source: "lib/client.mjs L39: 1 s, doubled, plus 0.3 to 3 s; five retries",
    delay: (failures) => (failures > 5 ? undefined : 1000 * 2 ** (failures - 1) + random(300, 3000)),
  },
  {
    name: "launchdarkly-eventsource (backoff and jitter switched on)",
    source: "lib/retry-delay.js: 1 s, doubled up to 30 s, minus up to half",
    delay: (failures) => Math.min(1000 * 2 ** (failures - 1), 30_000) * random(0.5, 1),
  },
  {
    name: "partysocket",
    source: "dist/ws.js L55: 3 s × 1.3, up to 10 s",
    delay: (failures) => Math.min(3000 * 1.3 ** (failures - 1), 10_000),
  },
  { name: "VueUse useEventSource (autoReconnect)", source: "dist/index.js L3529: 1 s", delay: () => 1000 },
];

/** Our rule: the library's own code, not a copy of it. */
export function ours({ delayBefore, isRetried, ConnectionError, resolveOptions }, name, { backoff, retryAfter, reconnectionTime } = {}) {
  const settings = resolveOptions({ backoff }).backoff;
  const errors = {
    drop: new ConnectionError("cut", { reason: "network" }),
    closed: new ConnectionError("refused", { reason: "network" }),
    503: new ConnectionError("503", { reason: "status", status: 503, retryAfter }),
  };
  return {
    name,
    source: "src/connection/backoff.ts, src/connection/retry.ts",
    ours: true,
    delay(failures, refusal) {
      const error = errors[refusal];
      if (!isRetried(error) || failures >= settings.numOfAttempts) return undefined;
      return delayBefore(failures, settings, { reconnectionTime, retryAfter: error.retryAfter });
    },
  };
}
