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
  /** The last event ID of the previous connection. */
  resumePoint?: { stream: string; lastEventId: string };
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

  const subscribe = (onChange: () => void): (() => void) => {
    const { url, options } = persistent.rendered;
    if (url == null || stream === null) return () => undefined;
    const source = connect<P>(
      typeof url === "function"
        ? () =>
            (persistent.rendered.stream === stream
              ? (persistent.rendered.url as typeof url)
              : url)()
        : url,
      persistent.resumePoint?.stream === stream
        ? { ...options, lastEventId: persistent.resumePoint.lastEventId }
        : options,
      (current) => {
        connection = current;
        onChange();
      },
    );
    updateSubscriptions();
    return () => {
      persistent.resumePoint = { stream, lastEventId: source.lastEventId };
      source.close();
      connection = initial;
      subscriptions.clear();
    };
  };

  return { get: () => connection, getInitial: () => initial, subscribe, updateSubscriptions };
}
