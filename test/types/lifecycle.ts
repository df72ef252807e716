// `open`, `error`, `invalid`, `statechange` and `state`: what is there, and when.
import {
  ConnectionError,
  ConnectionErrorEvent,
  ConnectionOpenEvent,
  InvalidEvent,
  ResilientEventSource,
  type ConnectionErrorReason,
  type ConnectionState,
  type FinalErrorEvent,
  type Issue,
  type PauseReason,
  type RetryingErrorEvent,
} from "resilient-eventsource";
import { exactly } from "./exactly.ts";

const source = new ResilientEventSource("/stream", { events: { price: Number } });

source.addEventListener("open", (event) => {
  exactly<ConnectionOpenEvent>()(event);
  exactly<number | undefined>()(event.status);
  exactly<Headers | undefined>()(event.headers);
});
source.onopen = (event) => exactly<ConnectionOpenEvent>()(event);

// --- error: `delay`, `attempt` and `until` exist only while another attempt comes

source.addEventListener("error", (event) => {
  exactly<ConnectionErrorEvent>()(event);
  exactly<0 | 2>()(event.readyState);
  exactly<ConnectionError>()(event.error);
  exactly<ConnectionErrorReason>()(event.error.reason);
  // @ts-expect-error: not when CLOSED
  exactly<number>()(event.delay);
  if (event.readyState === ResilientEventSource.CONNECTING) {
    exactly<RetryingErrorEvent>()(event);
    exactly<number>()(event.delay + event.attempt + event.retryAt);
  } else {
    exactly<FinalErrorEvent>()(event);
    // @ts-expect-error: there is no next attempt
    exactly<number>()(event.delay);
    // @ts-expect-error: there is no next attempt
    exactly<number>()(event.attempt);
    // @ts-expect-error: there is no next attempt
    exactly<number>()(event.retryAt);
  }
});
source.onerror = (event) => {
  if (event.readyState === 2) exactly<FinalErrorEvent>()(event);
  else exactly<RetryingErrorEvent>()(event);
  if (event.readyState === source.CLOSED) exactly<FinalErrorEvent>()(event);
  // @ts-expect-error: an open connection has no error
  if (event.readyState === ResilientEventSource.OPEN) throw event.error;
};
source.addEventListener("error", (event) => {
  switch (event.readyState) {
    case 0:
      exactly<number>()(event.delay);
      break;
    case 2:
      exactly<string>()(event.error.message);
      break;
    default:
      event satisfies never;
  }
});

source.addEventListener("invalid", (event) => {
  exactly<InvalidEvent>()(event);
  exactly<string>()(event.eventType + event.raw + event.lastEventId);
  exactly<readonly Issue[]>()(event.issues);
});
source.addEventListener("statechange", (event) => exactly<Event>()(event));

// @ts-expect-error: no data
source.addEventListener("open", (event) => event.data);
// @ts-expect-error: a connection's event, never a message
source.addEventListener("error", (event: MessageEvent) => event.data);

// --- state: each status has its own members and no other

export function describe(state: ConnectionState): string {
  switch (state.status) {
    case "connecting":
      exactly<number>()(state.attempt);
      return `attempt ${state.attempt}`;
    case "open":
      exactly<number>()(state.openedAt);
      // @ts-expect-error: an open connection has no attempt
      exactly<number>()(state.attempt);
      return "open";
    case "waiting":
      exactly<number>()(state.attempt + state.delay + state.retryAt);
      exactly<ConnectionError>()(state.error);
      return `retry in ${state.delay}`;
    case "paused":
      exactly<PauseReason>()(state.reason);
      exactly<"offline" | "frozen" | "hidden">()(state.reason);
      return state.reason;
    case "closed":
      exactly<ConnectionError | undefined>()(state.error);
      return state.error ? "gave up" : "closed";
  }
  // The switch is exhaustive: nothing is left.
  state satisfies never;
}
exactly<ConnectionState>()(source.state);
// @ts-expect-error: read-only
source.state = { status: "closed" };
// @ts-expect-error: only where the status says so
exactly<number>()(source.state.delay);
// @ts-expect-error: no such status
export const stopped = source.state.status === "stopped";

exactly<0>()(ResilientEventSource.CONNECTING);
exactly<1>()(ResilientEventSource.OPEN);
exactly<2>()(ResilientEventSource.CLOSED);
exactly<0>()(source.CONNECTING);
exactly<0 | 1 | 2>()(source.readyState);
exactly<string>()(source.lastEventId);
source.reconnect();
source.reconnect({ within: 50_000 });
source.reconnect({ within: undefined });
// @ts-expect-error a number of milliseconds
source.reconnect({ within: "50 s" });
// @ts-expect-error no such option
source.reconnect({ in: 50_000 });
source.addEventListener("open", ({ attempt, downFor, resumedFrom }) => {
  exactly<number>()(attempt);
  exactly<number | undefined>()(downFor);
  exactly<string>()(resumedFrom);
});

// --- events as an app's test makes them

const error = new ConnectionError("gone", { reason: "status", status: 503, retryAfter: 1000 });
new ConnectionErrorEvent({
  readyState: 0,
  attempt: 1,
  delay: 100,
  retryAt: Date.now() + 100,
  error,
});
new ConnectionErrorEvent({ readyState: 2, error });
// @ts-expect-error: CONNECTING says when
new ConnectionErrorEvent({ readyState: 0, error });
// @ts-expect-error: no such reason
new ConnectionError("gone", { reason: "gone" });
new ConnectionOpenEvent({ status: 200, headers: new Headers() });
new InvalidEvent({
  eventType: "price",
  raw: "x",
  issues: [{ message: "not a number" }],
  lastEventId: "",
});

// --- disposal

export function once(): void {
  using scoped = new ResilientEventSource("/stream");
  scoped.on("message", console.log);
}
export const disposable: Disposable = source;
