import { useInsertionEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { EventName, Payload } from "../events/lifecycle.ts";
import type { ResilientEventSource, StreamUrl } from "../resilient-eventsource.ts";
import type { Connection, PlainOptions, TypedOptions } from "./connection.ts";
import { createStore, type Persistent, type Rendered } from "./react-store.ts";

export type { Connection, Listeners, PlainOptions, TypedOptions } from "./connection.ts";

/** The option that only the hook has. */
export interface Keyed {
  /**
   * Another key means another stream. Needed for values that are hidden in a function, such as a
   * token or a user. Default none.
   */
  key?: string | number | undefined;
}

/**
 * Connects while the component is mounted. It renders the component when the state changes, never
 * for an event: handle events with `on`, or render them with `useLatest`.
 *
 * The effect of a change between two renders:
 * - `url` (compared as text; all functions are equal) or `key`: connects to the new stream, from
 *   its start.
 * - an option that is data (compared by value): connects again and resumes after the last id. So
 *   does a component that becomes visible again (`<Activity>`).
 * - a function in `on`, or a `url` that is a function: no new connection; the latest function is
 *   called.
 * - `events`, `transport`, `signal`, `lastEventId` and other functions: no new connection; the next
 *   connection uses them.
 *
 * @param url The event stream. null or undefined: no connection. On a server there is no connection
 * either.
 */
export function useEventSource<P extends object>(
  url: StreamUrl | null | undefined,
  options: TypedOptions<P> & Keyed,
): Connection<P>;
export function useEventSource(
  url: StreamUrl | null | undefined,
  options?: PlainOptions & Keyed,
): Connection;
export function useEventSource<P extends object>(
  url: StreamUrl | null | undefined,
  options: (TypedOptions<P> | PlainOptions) & Keyed = {},
): Connection<P> {
  const { key, on, ...rest } = options;
  const { events, transport, signal, lastEventId, ...data } = rest;
  const stream =
    url == null ? null : JSON.stringify([typeof url === "function" || String(url), key]);
  const rendered = {
    stream,
    url,
    on: new Map(Object.entries(on ?? {})),
    options: rest,
  } as Rendered<P>;
  const persistent = useRef<Persistent<P>>({ rendered });
  const store = useMemo(() => createStore(stream, persistent), [stream, JSON.stringify(data)]);
  // Insertion effects run during the commit, before all other effects: those see the latest
  // arguments, and no event can arrive in between.
  useInsertionEffect(() => {
    persistent.current.rendered = rendered;
    store.updateSubscriptions();
  });
  return useSyncExternalStore(store.subscribe, store.get, store.getInitial);
}

/**
 * Returns the payload of the latest event of this name; undefined before the first event of this
 * source. It renders the component for an event, but several events in one task render once, with
 * the last payload. For every payload use `on`.
 */
export function useLatest<P extends object, K extends EventName<P>>(
  source: ResilientEventSource<P> | null,
  name: K,
): Payload<P, K> | undefined {
  const store = useMemo(() => {
    let latest: Payload<P, K> | undefined;
    const subscribe = (onChange: () => void): (() => void) => {
      const unsubscribe = source?.on(name, (payload) => {
        latest = payload;
        onChange();
      });
      return () => unsubscribe?.();
    };
    return { get: () => latest, subscribe };
  }, [source, name]);
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}
