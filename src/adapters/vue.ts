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
import { connect, unconnected, type PlainOptions, type TypedOptions } from "./connection.ts";

export type { Listeners, PlainOptions, TypedOptions } from "./connection.ts";

/**
 * A URL, a ref of one, or a getter. A {@link StreamUrl} that is a function, to be asked on every attempt, has to be in a ref or come from a getter.
 */
export type ReactiveUrl =
  | string
  | URL
  | null
  | undefined
  | Ref<StreamUrl | null | undefined>
  | (() => StreamUrl | null | undefined);

/** What `useEventSource` gives. */
export interface ReactiveConnection<P extends object = Untyped> {
  /** As in a `Connection`. */
  readonly source: ComputedRef<ResilientEventSource<P> | null>;
  /** As in a `Connection`. */
  readonly state: ComputedRef<ConnectionState>;
  /** As in a `Connection`. */
  readonly reconnect: () => void;
  /** The payload of the latest event of this name; undefined before the first one of this source. */
  readonly latest: <K extends EventName<P>>(
    name: K,
  ) => Readonly<ShallowRef<Payload<P, K> | undefined>>;
}

/**
 * A connection for as long as the scope lives, which is the component in `setup`. Where `url` is a ref or a getter and its value changes, it connects to
 * that stream. The options are read when a connection is made. Events render nothing but what `latest` gives.
 *
 * @param url null or undefined: no connection. On a server there is none either.
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
  const connection = shallowRef(unconnected<P>(toValue(url)));
  const source = computed(() => connection.value.source);

  watch(
    () => {
      const to = toValue(url);
      return to instanceof URL ? to.href : to;
    },
    (to, _, onCleanup) => {
      connection.value = unconnected(to);
      if (to == null || typeof document === "undefined") return;
      const opened = connect(to, options as TypedOptions<P>, (now) => (connection.value = now));
      onCleanup(() => {
        opened.close();
        connection.value = unconnected(null);
      });
    },
    { immediate: true },
  );

  return {
    source,
    state: computed(() => connection.value.state),
    reconnect: () => connection.value.reconnect(),
    latest: <K extends EventName<P>>(name: K) => {
      const latest = shallowRef<Payload<P, K>>();
      const listen = (
        now: ResilientEventSource<P> | null,
        _: unknown,
        onCleanup: (stop: () => void) => void,
      ): void => {
        latest.value = undefined;
        if (now) onCleanup(now.on(name, (payload) => (latest.value = payload)));
      };
      watch(source, listen, { immediate: true, flush: "sync" });
      return latest;
    },
  };
}
