import { createSubscriber } from "svelte/reactivity";
import { readable } from "svelte/store";
import type { EventName, Payload, Untyped } from "../events/lifecycle.ts";
import type { StreamUrl } from "../resilient-eventsource.ts";
import {
  connect,
  unconnected,
  type Connection,
  type PlainOptions,
  type TypedOptions,
} from "./connection.ts";

export type { Connection, Listeners, PlainOptions, TypedOptions } from "./connection.ts";

/** A value to read by runes, as `live.current`, or as a store, as `$live`. */
export interface Live<T> {
  /** The value as of now. Read in a component, or in an effect, it keeps the connection. */
  readonly current: T;
  /** As every store has it: calls `run` at once and for each change, and gives the function that ends that. Until then it keeps the connection. */
  readonly subscribe: (run: (value: T) => void) => () => void;
}

/** What `eventSource` gives. */
export interface LiveConnection<P extends object = Untyped> extends Live<Connection<P>> {
  /** The payload of the latest event of this name; undefined before the first one. It connects like the rest, and all who look share it. */
  readonly latest: <K extends EventName<P>>(name: K) => Live<Payload<P, K> | undefined>;
}

/**
 * A connection for as long as somebody looks: it is made when the first component reads `current` or subscribes, all share it, and it ends with the last.
 * In a component whose `url` changes: `$derived(eventSource(url))`. Events render nothing but what `latest` gives.
 *
 * @param url null or undefined: no connection. On a server there is none either.
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
  const payloads = new Map<string, Live<unknown>>();
  const latest = (name: EventName<P>): Live<unknown> => {
    const known = payloads.get(name);
    if (known) return known;
    const payload = live<unknown>(undefined, (set) => {
      let off: (() => void) | undefined;
      // Whoever looks keeps the connection, so that it has one source all the while.
      const leave = connection.subscribe(({ source }) => (off ??= source?.on(name, set)));
      return () => {
        off?.();
        leave();
      };
    });
    payloads.set(name, payload);
    return payload;
  };
  return Object.assign(connection, { latest: latest as LiveConnection<P>["latest"] });
}

/** A value that `start` sets, from the first who looks at it until the last has gone. */
function live<T>(first: T, start: (set: (value: T) => void) => (() => void) | undefined): Live<T> {
  let value = first;
  const { subscribe } = readable(first, (set) => {
    const stop = start((next) => set((value = next)));
    return () => {
      stop?.();
      set((value = first));
    };
  });
  const track = createSubscriber((update) => {
    let tracked = false;
    // A store tells its value at once, and whoever is just reading must not be told of a change.
    const leave = subscribe(() => tracked && update());
    tracked = true;
    return leave;
  });
  return {
    subscribe,
    get current() {
      track();
      return value;
    },
  };
}
