import { ConnectionError } from "../errors.ts";
import { Multicast } from "../util/multicast.ts";
import { openedBy } from "./opened.ts";
import {
  connecting,
  createEventSource,
  type EventSourceClass,
  type EventSourceLike,
} from "./platform-event-source.ts";
import type { EventMeta, Sink, Transport, TransportRequest } from "./transport.ts";

/** A MessageEvent: a server event. The lifecycle events `open` and `error` have no data. */
interface ServerEvent extends EventMeta {
  readonly data: string;
}

/** A lifecycle event. Some classes, but not the native one, know the status of the response. */
interface LifecycleEvent {
  readonly status?: unknown;
  readonly code?: unknown;
}

const CLOSED = 2;
/** How often (ms) we look for an EventSource that Firefox has closed without an event. */
const CLOSED_CHECK_INTERVAL = 3000;

/** One timer for all sources. */
const closedChecks: Multicast<[]> = /* @__PURE__ */ new Multicast(() => {
  const timer = setInterval(() => {
    closedChecks.notify();
  }, CLOSED_CHECK_INTERVAL);
  return () => {
    clearInterval(timer);
  };
});

/**
 * Connects using an EventSource class, on every attempt.
 *
 * The EventSource is closed in its first `error`, so that its own retry never runs. The last event
 * id is sent in the URL, since an EventSource cannot be given a header.
 *
 * @param Class The class whose instances connect. Default: `globalThis.EventSource`, looked up on
 * every attempt; where there is none, or only one that makes sources of this library, every attempt
 * fails with reason `unsupported`.
 */
export function eventSourceTransport(Class?: EventSourceClass): Transport {
  const connect: Transport = (request, sink) => connectByEventSource(Class, request, sink);
  return Object.assign(connect, {
    key: Class ? undefined : "EventSource",
    abilities: { headers: false, resume: "query", comments: false, status: false } as const,
  });
}

// Long, but one function: `end` removes what the lines after it add.
function connectByEventSource(
  Class: EventSourceClass | undefined,
  request: TransportRequest,
  sink: Sink,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { signal } = request;
    if (signal.aborted) {
      resolve();
      return;
    }
    const source = createEventSource(Class, request);
    const deliver = createDelivery(request, sink);
    let opened = false;

    const end = (error?: ConnectionError): void => {
      connecting.delete(source);
      stopChecking();
      stopForwarding();
      signal.removeEventListener("abort", abort);
      source.removeEventListener("open", open);
      source.removeEventListener("error", fail);
      source.close();
      if (error) reject(error);
      else resolve();
    };
    const abort = (): void => {
      end();
    };
    // A server event can be named `open` or `error`, too.
    const open = (event: ServerEvent | LifecycleEvent): void => {
      if ("data" in event) {
        deliver("open", event);
        return;
      }
      opened = true;
      connecting.delete(source);
      openedBy.set(request.source, "EventSource");
      sink.open();
    };
    const fail = (event: ServerEvent | LifecycleEvent): void => {
      if ("data" in event) deliver("error", event);
      else end(errorOf(event, opened, source.readyState));
    };

    source.addEventListener("open", open);
    source.addEventListener("error", fail);
    const stopForwarding = forward(source, request, deliver);
    const stopChecking = closedChecks.subscribe(() => {
      if (source.readyState === CLOSED) fail({});
    });
    signal.addEventListener("abort", abort);
  });
}

type Delivery = (type: string, event: ServerEvent) => void;

/**
 * Returns the function that passes a server event to the sink. A new EventSource starts without an
 * id: until the server has sent one, its "" does not mean a reset, and events have the id that the
 * request resumed after.
 */
function createDelivery({ lastEventId }: TransportRequest, sink: Sink): Delivery {
  let idInherited = lastEventId !== "";
  return (type, event) => {
    if (idInherited && event.lastEventId) idInherited = false;
    const meta = idInherited ? { lastEventId, origin: event.origin, idInherited } : event;
    sink.event(type, event.data, meta);
  };
}

/** Delivers the events of every name that has listeners, until the returned function is called. */
function forward(
  source: EventSourceLike,
  { names }: TransportRequest,
  deliver: Delivery,
): () => void {
  const listeners = new Map<string, (event: ServerEvent) => void>();
  const listen = (name: string, hasListeners: boolean): void => {
    // These two have a listener anyway.
    if (name === "open" || name === "error") return;
    const known = listeners.get(name);
    if (hasListeners && !known) {
      const listener = (event: ServerEvent): void => {
        deliver(name, event);
      };
      listeners.set(name, listener);
      source.addEventListener(name, listener);
    } else if (!hasListeners && known) {
      listeners.delete(name);
      source.removeEventListener(name, known);
    }
  };
  for (const name of names) listen(name, true);
  const stopObserving = names.observe(listen);
  return () => {
    stopObserving();
    for (const name of [...listeners.keys()]) listen(name, false);
  };
}

function errorOf(
  { status, code = status }: LifecycleEvent,
  opened: boolean,
  readyState: number,
): ConnectionError {
  // The status is `code` in the `eventsource` package and `status` in Yaffle's polyfill; native
  // events have neither. A code below 100 is a truncated status: Chromium accepts a status line
  // that was cut.
  if (typeof code === "number" && code >= 100 && code !== 200) {
    return new ConnectionError(`the server answered ${code}`, { reason: "status", status: code });
  }
  if (opened) return new ConnectionError("the connection was cut", { reason: "network" });
  return readyState === CLOSED
    ? new ConnectionError("EventSource gave up without saying why", { reason: "rejected" })
    : new ConnectionError("the server was not reached", { reason: "network" });
}
