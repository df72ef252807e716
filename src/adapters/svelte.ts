import { createSubscriber } from "svelte/reactivity";
import { readable } from "svelte/store";
import type { EventName, Payload, Untyped } from "../events/lifecycle.ts";
import type { ResilientEventSource, StreamUrl } from "../resilient-eventsource.ts";
import {
  connect,
  unconnected,
  type Connection,
  type PlainOptions,
  type TypedOptions,
} from "./connection.ts";
import { reduceEvents, type Reducers } from "./reduction.ts";

export type { Connection, Listeners, PlainOptions, TypedOptions } from "./connection.ts";
export type { Reducers } from "./reduction.ts";

/** A value that changes: read it as `live.current` with runes, or as the store `$live`. */
export interface Live<T> {
  /** The current value. A component or effect that reads it keeps the connection open. */
  readonly current: T;
  /**
   * The store contract: calls `run` at once and after every change, until the returned function is
   * called. Keeps the connection open for that time.
   */
  readonly subscribe: (run: (value: T) => void) => () => void;
}

/** The result of `eventSource`. */
export interface LiveConnection<P extends object = Untyped> extends Live<Connection<P>> {
  /**
   * The payload of the latest event of this name; undefined before the first event. Reading it
   * keeps the connection open. It may skip payloads: several events in one task cause one update.
   * For every payload use `reduced`, or `on`.
   */
  readonly latest: <K extends EventName<P>>(name: K) => Live<Payload<P, K> | undefined>;
  /**
   * Reduces every event of some names to a state, and updates the value at most once a frame:
   * `reduced({ price: (list, price) => [...list, price] }, [] as Price[])`. It starts from
   * `initial` with the first reader, and again after the last one has stopped. Reading it keeps the
   * connection open. A reducer runs once for each event.
   */
  readonly reduced: <S>(reducers: Reducers<P, S>, initial: S) => Live<S>;
}

/**
 * Connects while the value is in use: from the first component that reads `current` or subscribes
 * to the last one that stops. All of them share the connection. In a component with a changing
 * `url` use `$derived(eventSource(url))`. An event updates only the values of `latest` and
 * `reduced`.
 *
 * @param url The event stream. null or undefined: no connection. On a server there is no connection
 * either.
 */
export function eventSource<P extends object>(
  url: StreamUrl | null | undefined,
  options: TypedOptions<P>,
): LiveConnection<P>;
export function eventSource(
  url: StreamUrl | null | undefined,
  options?: PlainOptions,
): LiveConnection;
export function eventSource<P extends object>(
  url: StreamUrl | null | undefined,
  options: TypedOptions<P> | PlainOptions = {},
): LiveConnection<P> {
  const connection = live<Connection<P>>(unconnected(url), (set) => {
    if (url == null || typeof document === "undefined") return;
    const source = connect(url, options as TypedOptions<P>, set);
    return () => source.close();
  });
  /** A value of the source. It keeps the connection open, so the source does not change. */
  const fromSource = <T>(
    initial: T,
    listen: (source: ResilientEventSource<P>, set: (value: T) => void) => () => void,
  ): Live<T> =>
    live(initial, (set) => {
      let unsubscribe: (() => void) | undefined;
      const release = connection.subscribe(({ source }) => {
        if (source) unsubscribe ??= listen(source, set);
      });
      return () => {
        unsubscribe?.();
        release();
      };
    });
  const payloads = new Map<string, Live<unknown>>();
  const latest = (name: EventName<P>): Live<unknown> => {
    const known = payloads.get(name);
    if (known) return known;
    const payload = fromSource<unknown>(undefined, (source, set) => source.on(name, set));
    payloads.set(name, payload);
    return payload;
  };
  const reduced = <S>(reducers: Reducers<P, S>, initial: S): Live<S> =>
    fromSource(initial, (source, set) =>
      reduceEvents(source, Object.keys(reducers), () => reducers, initial, set),
    );
  return Object.assign(connection, {
    latest: latest as LiveConnection<P>["latest"],
    reduced,
  });
}

/**
 * A value that `start` sets. `start` runs when the first reader arrives; the function that it
 * returns runs when the last reader leaves.
 */
function live<T>(
  initial: T,
  start: (set: (value: T) => void) => (() => void) | undefined,
): Live<T> {
  let value = initial;
  const { subscribe } = readable(initial, (set) => {
    const stop = start((next) => set((value = next)));
    return () => {
      stop?.();
      set((value = initial));
    };
  });
  const track = createSubscriber((update) => {
    let tracked = false;
    // `subscribe` calls back at once. That is not a change, and a reader must not be updated by it.
    const unsubscribe = subscribe(() => tracked && update());
    tracked = true;
    return unsubscribe;
  });
  return {
    subscribe,
    get current() {
      track();
      return value;
    },
  };
}
