// Options: what is taken, and what is not.
import {
  eventSourceTransport,
  fetchTransport,
  iterate,
  polyfillTransport,
  ResilientEventSource,
  type BackoffOptions,
  type ConnectionError,
  type ResilientEventSourceOptions,
  type StreamUrl,
} from "resilient-eventsource";
import { exactly } from "./exactly.ts";

export const all: ResilientEventSourceOptions = {
  withCredentials: true,
  backoff: {
    startingDelay: 1000,
    timeMultiple: 1.5,
    maxDelay: 10_000,
    jitter: "none",
    numOfAttempts: 10,
    delayFirstAttempt: true,
    retry: (error, attempt) => {
      exactly<ConnectionError>()(error);
      exactly<number>()(attempt);
      return error.status !== 401;
    },
  },
  minUptime: 1000,
  lastEventId: "42",
  resume: "header",
  connectTimeout: 10_000,
  heartbeatTimeout: 45_000,
  dedupe: 100,
  pauseWhenHidden: true,
  transport: fetchTransport({ method: "POST", body: "{}", headers: { Authorization: "Bearer 1" } }),
  signal: new AbortController().signal,
};
new ResilientEventSource("/stream", all);

// `undefined` means the default, also under exactOptionalPropertyTypes, so that an option can be passed through.
export const none: ResilientEventSourceOptions = {
  withCredentials: undefined,
  backoff: undefined,
  minUptime: undefined,
  lastEventId: undefined,
  resume: undefined,
  connectTimeout: undefined,
  heartbeatTimeout: undefined,
  dedupe: undefined,
  pauseWhenHidden: undefined,
  transport: undefined,
  signal: undefined,
};
new ResilientEventSource("/stream", { ...none, events: undefined }).on("any", (payload) =>
  exactly<string>()(payload),
);
new ResilientEventSource("/stream", undefined);
export const noBackoff: BackoffOptions = {
  startingDelay: undefined,
  timeMultiple: undefined,
  maxDelay: undefined,
  jitter: undefined,
  numOfAttempts: undefined,
  delayFirstAttempt: undefined,
  retry: undefined,
};
new ResilientEventSource("/stream").on("any", console.log, { once: undefined, signal: undefined });
iterate(new ResilientEventSource("/stream"), "any", { limit: undefined, signal: undefined });

new ResilientEventSource("/stream", { backoff: { retry: async () => Promise.resolve(true) } });
new ResilientEventSource("/stream", { backoff: { retry: () => 500 } });
new ResilientEventSource("/stream", {
  backoff: { retry: async ({ status }) => (status === 401 ? 0 : false) },
});
// @ts-expect-error neither a boolean nor a number
new ResilientEventSource("/stream", { backoff: { retry: () => "500 ms" } });
new ResilientEventSource("/stream", { resume: { query: "id" } });
new ResilientEventSource("/stream", { resume: { query: ["last_event_id", "lastEventID"] } });
new ResilientEventSource("/stream", { resume: (url, id) => new URL(id, url) });
new ResilientEventSource("/stream", { pauseWhenHidden: 5000 });
new ResilientEventSource("/stream", { transport: eventSourceTransport() });
new ResilientEventSource("/stream", { transport: eventSourceTransport(EventSource) });
new ResilientEventSource("/stream", { transport: polyfillTransport() });
new ResilientEventSource("/stream", {
  transport: fetchTransport(async ({ attempt, lastEventId, signal }) => {
    exactly<number>()(attempt);
    exactly<string>()(lastEventId);
    exactly<AbortSignal>()(signal);
    return Promise.resolve({ headers: { "X-Attempt": String(attempt) } });
  }),
});

export const urls: StreamUrl[] = [
  "/stream",
  new URL("https://example.com"),
  () => "/stream",
  async () => Promise.resolve(new URL("https://example.com")),
];

// @ts-expect-error
new ResilientEventSource(42);
// @ts-expect-error
new ResilientEventSource(() => 42);
// @ts-expect-error
new ResilientEventSource("/stream", { withCredentials: "include" });
// @ts-expect-error
new ResilientEventSource("/stream", { backoff: 1000 });
// @ts-expect-error
new ResilientEventSource("/stream", { backoff: { jitter: "some" } });
// @ts-expect-error
new ResilientEventSource("/stream", { backoff: { startingDelay: "1s" } });
// @ts-expect-error: a misspelt name
new ResilientEventSource("/stream", { backoff: { maximumDelay: 1000 } });
// @ts-expect-error: an answer is needed
new ResilientEventSource("/stream", { backoff: { retry: () => undefined } });
// @ts-expect-error
new ResilientEventSource("/stream", { minUptime: true });
// @ts-expect-error
new ResilientEventSource("/stream", { lastEventId: 42 });
// @ts-expect-error
new ResilientEventSource("/stream", { lastEventId: null });
// @ts-expect-error
new ResilientEventSource("/stream", { resume: "query" });
// @ts-expect-error
new ResilientEventSource("/stream", { heartbeatTimeout: "45s" });
// @ts-expect-error
new ResilientEventSource("/stream", { pauseWhenHidden: "always" });
// @ts-expect-error: the function that makes the transport
new ResilientEventSource("/stream", { transport: fetchTransport });
// @ts-expect-error: the controller
new ResilientEventSource("/stream", { signal: new AbortController() });
// @ts-expect-error: no such option
new ResilientEventSource("/stream", { headers: { Authorization: "Bearer 1" } });
// @ts-expect-error: the signal is ours
fetchTransport({ signal: new AbortController().signal });
