import { useInsertionEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { EventName, Payload } from "../events/lifecycle.ts";
import type { ResilientEventSource, StreamUrl } from "../resilient-eventsource.ts";
import type { Connection, PlainOptions, TypedOptions } from "./connection.ts";
import { createStore, type Given, type Kept } from "./react-store.ts";

export type { Connection, Listeners, PlainOptions, TypedOptions } from "./connection.ts";

/** What the hook takes beside the options. */
export interface Keyed {
  /** Another key is another stream. For what cannot be seen in a function: a token, a user. Default none. */
  key?: string | number | undefined;
}

/**
 * A connection for as long as the component is mounted. It renders for a new state, never for an event: `on` takes those, and `useLatest` renders one.
 *
 * What may change between renders:
 * - `url` (its text; any two functions are alike) and `key`: connects to that stream, from its start.
 * - an option that is data, by value: connects anew, and resumes after the last id. So does a component that comes back (`<Activity>`).
 * - the functions in `on`, and a `url` that is a function: the latest is called, nothing connects.
 * - `events`, `transport`, `signal`, `lastEventId` and other functions are read when a connection is made, nothing connects.
 *
 * @param url null or undefined: no connection. On a server there is none either.
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
  const given = { stream, url, on: new Map(Object.entries(on ?? {})), options: rest } as Given<P>;
  const kept = useRef<Kept<P>>({ given });
  const store = useMemo(() => createStore(stream, kept), [stream, JSON.stringify(data)]);
  // Part of the commit, and before all other effects: they find what was rendered, and no event of this stream comes in between.
  useInsertionEffect(() => {
    kept.current.given = given;
    store.listen();
  });
  return useSyncExternalStore(store.subscribe, store.get, store.getFirst);
}

/** Renders for each event of this name, and gives its payload: undefined before the first one of this source. */
export function useLatest<P extends object, K extends EventName<P>>(
  source: ResilientEventSource<P> | null,
  name: K,
): Payload<P, K> | undefined {
  const store = useMemo(() => {
    let latest: Payload<P, K> | undefined;
    const subscribe = (changed: () => void): (() => void) => {
      const stop = source?.on(name, (payload) => {
        latest = payload;
        changed();
      });
      return () => stop?.();
    };
    return { get: () => latest, subscribe };
  }, [source, name]);
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}
