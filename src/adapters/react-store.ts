import type { PayloadListener } from "../events/subscriptions.ts";
import type { EventName } from "../events/lifecycle.ts";
import type { StreamUrl } from "../resilient-eventsource.ts";
import { connect, unconnected, type Connection, type TypedOptions } from "./connection.ts";

/** The arguments of `useEventSource` in one render. */
export interface Rendered<P extends object> {
  /** Identifies the stream; null for none. */
  readonly stream: string | null;
  readonly url: StreamUrl | null | undefined;
  readonly on: ReadonlyMap<string, PayloadListener<unknown> | undefined>;
  readonly options: TypedOptions<P>;
}

/** State of the component that outlives a connection. */
export interface Persistent<P extends object> {
  /** The arguments of the latest committed render. */
  rendered: Rendered<P>;
  /** The latest stream. The same object for all of its connections. */
  stream?: Stream;
}

/** A stream, as the component sees it: it goes on from one connection to the next. */
interface Stream {
  readonly key: string;
  /** The id to resume after in the next connection; undefined during the first connection. */
  lastEventId?: string;
}

const streams = new WeakMap<object, Stream>();

/** Identifies the stream of a source; the source itself if `useEventSource` did not make it. */
export function streamOf(source: object): object {
  return streams.get(source) ?? source;
}

/** A store for useSyncExternalStore. */
export interface ConnectionStore<P extends object> {
  readonly get: () => Connection<P>;
  /** The snapshot for the first render and for servers. */
  readonly getInitial: () => Connection<P>;
  readonly subscribe: (onChange: () => void) => () => void;
  /** Adjusts the subscriptions to the names in `on` of the latest render. */
  readonly updateSubscriptions: () => void;
}

/**
 * A store of one connection, which begins with `subscribe`: React may render a component twice, or
 * discard a render, so rendering alone must not connect.
 *
 * @param stream Identifies the stream; null for none.
 */
// One function although it is long: its parts share one connection.
export function createStore<P extends object>(
  stream: string | null,
  { current: persistent }: { readonly current: Persistent<P> },
): ConnectionStore<P> {
  const initial = unconnected<P>(stream);
  let connection = initial;
  const subscriptions = new Map<string, () => void>();

  const updateSubscriptions = (): void => {
    const { source } = connection;
    for (const [name, unsubscribe] of subscriptions)
      if (!persistent.rendered.on.get(name) && subscriptions.delete(name)) unsubscribe();
    for (const [name, listener] of persistent.rendered.on) {
      if (!source || !listener || subscriptions.has(name)) continue;
      subscriptions.set(
        name,
        source.on(name as EventName<P>, (payload, meta) => {
          // Effects run before this store is unsubscribed, so `rendered` may be for another stream.
          if (persistent.rendered.stream === stream)
            persistent.rendered.on.get(name)?.(payload, meta);
        }),
      );
    }
  };

  /** The URL function of the latest render, if that is for this stream. */
  const latestUrl = <U>(url: U): U =>
    persistent.rendered.stream === stream ? (persistent.rendered.url as U) : url;

  const subscribe = (onChange: () => void): (() => void) => {
    const { url, options } = persistent.rendered;
    if (url == null || stream === null) return () => undefined;
    const current: Stream = persistent.stream?.key === stream ? persistent.stream : { key: stream };
    persistent.stream = current;
    const source = connect<P>(
      typeof url === "function" ? () => latestUrl(url)() : url,
      { ...options, lastEventId: current.lastEventId ?? options.lastEventId },
      (next) => {
        connection = next;
        onChange();
      },
    );
    streams.set(source, current);
    updateSubscriptions();
    return () => {
      current.lastEventId = source.lastEventId;
      source.close();
      connection = initial;
      subscriptions.clear();
    };
  };

  return { get: () => connection, getInitial: () => initial, subscribe, updateSubscriptions };
}
