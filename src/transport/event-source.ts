import { ConnectionError } from "../errors.ts";
import { multicast } from "../util/multicast.ts";
import { resumeRequest } from "./resume.ts";
import type { EventMeta, Transport, TransportEventMeta } from "./transport.ts";

/** The least we ask of an EventSource: native, `eventsource`, Yaffle's and mocks all fit. */
export interface EventSourceLike {
  /** 2: closed for good. */
  readonly readyState: number;
  /** Called for `open`, `error` and every name somebody listens to. */
  addEventListener(type: string, listener: (event: any) => void): void; // eslint-disable-line @typescript-eslint/no-explicit-any -- every class has event types of its own
  /** Called when the connection ends, or nobody listens to the name any more. */
  removeEventListener(type: string, listener: (event: any) => void): void; // eslint-disable-line @typescript-eslint/no-explicit-any
  /** Called when the connection ends, in its first `error` at the latest. */
  close(): void;
}

/** A class whose instances read an event stream as EventSource does. */
export type EventSourceClass = new (
  url: string,
  init?: { withCredentials?: boolean },
) => EventSourceLike;

/** What a server's event has and a lifecycle event has not: FACTS say that native delivers both under the names `open` and `error`. */
interface ServerEvent extends EventMeta {
  readonly data: string;
}

/** Found on our own class, so that installing it as `globalThis.EventSource` cannot make it wrap itself. Copies of the package share it. */
export const BRAND = Symbol.for("resilient-eventsource");

const CLOSED = 2;
/** Firefox can close a stream without an event (a click on a download, say): how often we look, in milliseconds. */
const PULSE = 3000;

/** One timer for all of them. */
const { subscribe: watchPulse } = multicast<[]>((notify) => {
  const timer = setInterval(notify, PULSE);
  return () => {
    clearInterval(timer);
  };
});

const isOurs = (Class: EventSourceClass | undefined): boolean =>
  !!Class && BRAND in (Class.prototype as object);

/** What was native when we were loaded, for the case that our class is `globalThis.EventSource` by now. */
const original = globalThis.EventSource as EventSourceClass | undefined;

/** The platform's EventSource, looked up now, since tests and polyfills replace it; never one of ours. */
export function platformEventSource(): EventSourceClass | undefined {
  const current = globalThis.EventSource as EventSourceClass | undefined;
  const found = isOurs(current) ? original : current;
  return isOurs(found) ? undefined : found;
}

/**
 * Connects by an EventSource class, for good: the platform's by default, looked up on every attempt, or any class given.
 *
 * It is closed in its first `error`, so that its own retry never runs. The last event id travels in the URL, since an EventSource that we create
 * cannot be given a header.
 *
 * @param Class Whose instances connect. Default: `globalThis.EventSource`; without one, every attempt fails with reason `unsupported`.
 */
export function eventSourceTransport(Class?: EventSourceClass): Transport {
  const connect: Transport = (request, sink) =>
    new Promise((resolve, reject) => {
      const SourceClass = Class ?? platformEventSource();
      if (!SourceClass)
        throw new ConnectionError("there is no EventSource here", { reason: "unsupported" });
      const { signal, names, lastEventId } = request;
      if (signal.aborted) {
        resolve();
        return;
      }
      const { url } = resumeRequest(request, false);
      let source: EventSourceLike;
      try {
        source = new SourceClass(url, { withCredentials: request.withCredentials });
      } catch (cause) {
        // WebKit throws a SecurityError where the Content-Security-Policy forbids the URL.
        throw new ConnectionError(`EventSource refused ${request.url}`, {
          reason: "rejected",
          cause,
        });
      }

      let opened = false;
      // A new EventSource starts without an id. Until the server names one, "" means "none yet", not a reset to none.
      let idInherited = lastEventId !== "";
      const metaOf = (event: ServerEvent): TransportEventMeta => {
        if (!idInherited) return event;
        if (event.lastEventId) {
          idInherited = false;
          return event;
        }
        return { lastEventId, origin: event.origin, idInherited };
      };

      const listeners = new Map<string, (event: ServerEvent) => void>();
      const listen = (name: string, heard: boolean): void => {
        const known = listeners.get(name);
        if (heard && !known) {
          const listener = (event: ServerEvent): void => {
            if (isServerEvent(event)) sink.event(name, event.data, metaOf(event));
          };
          listeners.set(name, listener);
          source.addEventListener(name, listener);
        } else if (!heard && known) {
          listeners.delete(name);
          source.removeEventListener(name, known);
        }
      };

      const end = (error?: ConnectionError): void => {
        stopPulse();
        stopObserving();
        signal.removeEventListener("abort", abort);
        source.removeEventListener("open", open);
        source.removeEventListener("error", fail);
        for (const name of [...listeners.keys()]) listen(name, false);
        source.close();
        if (error) reject(error);
        else resolve();
      };
      const abort = (): void => {
        end();
      };
      const open = (event: object): void => {
        if (isServerEvent(event)) return;
        opened = true;
        sink.open();
      };
      const fail = (event: { status?: unknown; code?: unknown }): void => {
        if (!isServerEvent(event)) end(explain(event, opened, source.readyState));
      };

      source.addEventListener("open", open);
      source.addEventListener("error", fail);
      for (const name of names) listen(name, true);
      const stopObserving = names.observe(listen);
      const stopPulse = watchPulse(() => {
        if (source.readyState === CLOSED) fail({});
      });
      signal.addEventListener("abort", abort);
    });
  return Object.assign(connect, {
    key: Class ? undefined : "EventSource",
    abilities: { headers: false, resume: "query", comments: false, status: false } as const,
  });
}

function isServerEvent(event: object): boolean {
  return "data" in event;
}

/** Native says nothing; the `eventsource` package (`code`) and Yaffle's (`status`) know the answer's status. */
function explain(
  { status, code = status }: { status?: unknown; code?: unknown },
  opened: boolean,
  readyState: number,
): ConnectionError {
  // Below 100 it is the beginning of one: Chromium takes a head that was cut in two for a whole one.
  if (typeof code === "number" && code >= 100 && code !== 200) {
    return new ConnectionError(`the server answered ${code}`, { reason: "status", status: code });
  }
  if (opened) return new ConnectionError("the connection was cut", { reason: "network" });
  return readyState === CLOSED
    ? new ConnectionError("EventSource gave up without saying why", { reason: "rejected" })
    : new ConnectionError("the server was not reached", { reason: "network" });
}
