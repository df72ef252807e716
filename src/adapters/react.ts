import { useInsertionEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { EventName, Payload } from "../events/lifecycle.ts";
import type { ResilientEventSource, StreamUrl } from "../resilient-eventsource.ts";
import type { Connection, PlainOptions, TypedOptions } from "./connection.ts";
import { createStore, streamOf, type Persistent, type Rendered } from "./react-store.ts";
import { reduceEvents, type Reducers } from "./reduction.ts";

export type { Connection, Listeners, PlainOptions, TypedOptions } from "./connection.ts";
export type { Reducers } from "./reduction.ts";

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
 * for an event: handle events with `on`, or render them with `useLatest` and `useReduced`.
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
 * the last payload. For every payload use `useReduced`, or `on`.
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

/**
 * The same type as `S`. With a plain `S` as the return type, the compiler would infer the literal
 * type `0` instead of `number`.
 */
type Widened<S> = [S] extends [infer T] ? T : never;

/** The state of `useReduced`, and what it belongs to. */
interface Reduction<S> {
  readonly stream: object;
  readonly names: string;
  state: S;
}

/**
 * Reduces every event of some names to a state, and renders the component at most once a frame:
 *
 * ```ts
 * const prices = useReduced(source, { price: (list, price) => [...list, price] }, [] as Price[]);
 * ```
 *
 * The state lives as long as the component. It is kept when the connection resumes, and while
 * `source` is null; another stream, or another set of names, starts from `initial`. A reducer runs
 * once for each event, outside of rendering. After a render with other reducers, later events use
 * those.
 *
 * @param initial The first state. Later values are used when another stream starts.
 */
export function useReduced<P extends object, S>(
  source: ResilientEventSource<P> | null,
  reducers: Reducers<P, S>,
  initial: S,
): Widened<S> {
  const names = JSON.stringify(Object.keys(reducers).sort());
  const latestReducers = useRef<Reducers<P, S>>(reducers);
  useInsertionEffect(() => {
    latestReducers.current = reducers;
  });
  const reduction = useRef<Reduction<S> | null>(null);
  const store = useMemo(() => {
    const stream = source && streamOf(source);
    const getCurrent = (): Reduction<S> | null => {
      const { current } = reduction;
      const isSame = current?.names === names && (!stream || current.stream === stream);
      return isSame ? current : null;
    };
    const subscribe = (onChange: () => void): (() => void) => {
      if (!source || !stream) return () => undefined;
      const current = getCurrent() ?? { stream, names, state: initial };
      reduction.current = current;
      return reduceEvents(
        source,
        JSON.parse(names) as string[],
        () => latestReducers.current,
        current.state,
        (state) => {
          current.state = state;
          onChange();
        },
      );
    };
    return { get: () => (getCurrent() ?? { state: initial }).state, subscribe };
  }, [source, names]);
  return useSyncExternalStore(store.subscribe, store.get, store.get) as Widened<S>;
}
