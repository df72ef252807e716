import {
  computed,
  shallowRef,
  toValue,
  watch,
  type ComputedRef,
  type Ref,
  type ShallowRef,
} from "vue";
import type { ConnectionState } from "../connection/state.ts";
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

export type { Listeners, PlainOptions, TypedOptions } from "./connection.ts";
export type { Reducers } from "./reduction.ts";

/**
 * A URL, a ref of a URL, or a getter. A {@link StreamUrl} that is a function, called on every
 * attempt, must be in a ref or returned by a getter.
 */
export type ReactiveUrl =
  | string
  | URL
  | null
  | undefined
  | Ref<StreamUrl | null | undefined>
  | (() => StreamUrl | null | undefined);

/** The result of `useEventSource`. */
export interface ReactiveConnection<P extends object = Untyped> {
  /** As in a `Connection`. */
  readonly source: ComputedRef<ResilientEventSource<P> | null>;
  /** As in a `Connection`. */
  readonly state: ComputedRef<ConnectionState>;
  /** As in a `Connection`. */
  readonly reconnect: () => void;
  /**
   * The payload of the latest event of this name; undefined before the first event of this source.
   * A component or watcher may skip payloads: several events in one task cause one update. For
   * every payload use `reduced`, or `on`.
   */
  readonly latest: <K extends EventName<P>>(
    name: K,
  ) => Readonly<ShallowRef<Payload<P, K> | undefined>>;
  /**
   * Reduces every event of some names to a state, and updates the ref at most once a frame:
   * `reduced({ price: (list, price) => [...list, price] }, [] as Price[])`. Every source starts
   * from `initial`. A reducer runs once for each event.
   */
  readonly reduced: <S>(reducers: Reducers<P, S>, initial: S) => Readonly<ShallowRef<S>>;
}

/**
 * Connects until the scope is disposed; in `setup`, that is the component. If `url` is a ref or a
 * getter and its value changes, it connects to the new stream. The options are read for each
 * connection. An event updates only the refs of `latest` and `reduced`.
 *
 * @param url The event stream. null or undefined: no connection. On a server there is no connection
 * either.
 */
export function useEventSource<P extends object>(
  url: ReactiveUrl,
  options: TypedOptions<P>,
): ReactiveConnection<P>;
export function useEventSource(url: ReactiveUrl, options?: PlainOptions): ReactiveConnection;
export function useEventSource<P extends object>(
  url: ReactiveUrl,
  options: TypedOptions<P> | PlainOptions = {},
): ReactiveConnection<P> {
  const connection = watchConnection(url, options as TypedOptions<P>);
  const source = computed(() => connection.value.source);

  return {
    source,
    state: computed(() => connection.value.state),
    reconnect: () => connection.value.reconnect(),
    latest: <K extends EventName<P>>(name: K) => {
      const latest = shallowRef<Payload<P, K>>();
      watchSource(source, (current) => {
        latest.value = undefined;
        return current?.on(name, (payload) => (latest.value = payload));
      });
      return latest;
    },
    reduced: <S>(reducers: Reducers<P, S>, initial: S) => {
      const state = shallowRef(initial);
      watchSource(source, (current) => {
        state.value = initial;
        return (
          current &&
          reduceEvents(
            current,
            Object.keys(reducers),
            () => reducers,
            initial,
            (next) => (state.value = next),
          )
        );
      });
      return state;
    },
  };
}

/** The connection to the URL of the moment, until the scope is disposed. */
function watchConnection<P extends object>(
  url: ReactiveUrl,
  options: TypedOptions<P>,
): ShallowRef<Connection<P>> {
  const connection = shallowRef(unconnected<P>(toValue(url)));
  watch(
    () => {
      const target = toValue(url);
      return target instanceof URL ? target.href : target;
    },
    (target, _, onCleanup) => {
      connection.value = unconnected(target);
      if (target == null || typeof document === "undefined") return;
      const created = connect(target, options, (current) => (connection.value = current));
      onCleanup(() => {
        created.close();
        connection.value = unconnected(null);
      });
    },
    { immediate: true },
  );
  return connection;
}

/** Calls `listen` with each source, and with null where there is none. */
function watchSource<P extends object>(
  source: ComputedRef<ResilientEventSource<P> | null>,
  listen: (source: ResilientEventSource<P> | null) => (() => void) | null | undefined,
): void {
  watch(
    source,
    (current, _, onCleanup) => {
      const stop = listen(current);
      if (stop) onCleanup(stop);
    },
    { immediate: true, flush: "sync" },
  );
}
