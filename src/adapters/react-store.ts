import type { PayloadListener } from "../events/subscriptions.ts";
import type { EventName } from "../events/lifecycle.ts";
import type { StreamUrl } from "../resilient-eventsource.ts";
import { connect, unconnected, type Connection, type TypedOptions } from "./connection.ts";

/** What a render was given. */
export interface Given<P extends object> {
  /** Which stream it is for. */
  readonly stream: string | null;
  readonly url: StreamUrl | null | undefined;
  readonly on: ReadonlyMap<string, PayloadListener<unknown> | undefined>;
  readonly options: TypedOptions<P>;
}

/** What outlives a connection. */
export interface Kept<P extends object> {
  /** As of the latest render that was shown. */
  given: Given<P>;
  /** Where the connection before ended. */
  end?: { stream: string; lastEventId: string };
}

/** For useSyncExternalStore. */
export interface ConnectionStore<P extends object> {
  readonly get: () => Connection<P>;
  /** What there is at first, and on a server. */
  readonly getFirst: () => Connection<P>;
  readonly subscribe: (changed: () => void) => () => void;
  /** Listens to the names in `on` as they are now. */
  readonly listen: () => void;
}

/**
 * One connection, from `subscribe` on: rendering alone, which React may do twice or throw away, makes none. `stream` tells which one, null is none.
 */
export function createStore<P extends object>(
  stream: string | null,
  { current: kept }: { readonly current: Kept<P> },
): ConnectionStore<P> {
  const first = unconnected<P>(stream);
  let connection = first;
  const heard = new Map<string, () => void>();

  const listen = (): void => {
    const { source } = connection;
    for (const [name, stop] of heard) if (!kept.given.on.get(name) && heard.delete(name)) stop();
    for (const [name, listener] of kept.given.on) {
      if (!source || !listener || heard.has(name)) continue;
      heard.set(
        name,
        source.on(name as EventName<P>, (payload, meta) => {
          // A render for another stream is there before this source is closed.
          if (kept.given.stream === stream) kept.given.on.get(name)?.(payload, meta);
        }),
      );
    }
  };

  const subscribe = (changed: () => void): (() => void) => {
    const { url, options } = kept.given;
    if (url == null || stream === null) return () => undefined;
    const source = connect<P>(
      typeof url === "function"
        ? () => (kept.given.stream === stream ? (kept.given.url as typeof url) : url)()
        : url,
      kept.end?.stream === stream ? { ...options, lastEventId: kept.end.lastEventId } : options,
      (now) => {
        connection = now;
        changed();
      },
    );
    listen();
    return () => {
      kept.end = { stream, lastEventId: source.lastEventId };
      source.close();
      connection = first;
      heard.clear();
    };
  };

  return { get: () => connection, getFirst: () => first, subscribe, listen };
}
