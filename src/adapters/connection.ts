import type { ConnectionState } from "../connection/state.ts";
import type { Decoders } from "../events/decoders.ts";
import type { PayloadListener } from "../events/subscriptions.ts";
import type { EventName, Payload, Untyped } from "../events/lifecycle.ts";
import type { ResilientEventSourceOptions } from "../options.ts";
import { ResilientEventSource, type StreamUrl } from "../resilient-eventsource.ts";

/** Listeners by the server's event names. */
export type Listeners<P extends object = Untyped> = {
  readonly [K in EventName<P>]?: PayloadListener<Payload<P, K>> | undefined;
};

/** The options of a source without `events`, and `on`. */
export interface PlainOptions extends ResilientEventSourceOptions {
  /** None: every name is allowed, and payloads are text. */
  events?: undefined;
  /** Called for each event of these names. None of them renders anything. Default none. */
  on?: Listeners | undefined;
}

/** The options of a source with `events`, which give the types, and `on`. */
export interface TypedOptions<P extends object> extends ResilientEventSourceOptions {
  /** Decoders by event name. */
  events: Decoders<P>;
  /** Called with the payload of each event of these names. None of them renders anything. Default none. */
  on?: Listeners<P> | undefined;
}

/** What a component sees of a connection. Another one for each state. */
export interface Connection<P extends object = Untyped> {
  /** The source itself; null where there is none: on a server, without a URL, before it is first wanted. To end it take the URL away: `close()` tells nobody. */
  readonly source: ResilientEventSource<P> | null;
  /** The source's state. Where there is none it is `closed` without a URL, and else what comes first: `connecting`. */
  readonly state: ConnectionState;
  /** `source.reconnect()`; does nothing without a source. The same function for each state. */
  readonly reconnect: () => void;
}

/** What there is before a source, and after it. */
export function unconnected<P extends object>(url: unknown): Connection<P> {
  return {
    source: null,
    state: url == null ? { status: "closed" } : { status: "connecting", attempt: 0 },
    reconnect: () => undefined,
  };
}

/** Makes a source, and calls `changed` at once and with each state. */
export function connect<P extends object>(
  url: StreamUrl,
  { on = {}, ...options }: TypedOptions<P>,
  changed: (connection: Connection<P>) => void,
): ResilientEventSource<P> {
  const source = new ResilientEventSource<P>(url, options);
  for (const [name, listener] of Object.entries(on))
    if (listener) source.on(name as EventName<P>, listener as PayloadListener<unknown>);
  const reconnect = (): void => {
    source.reconnect();
  };
  const tell = (): void => {
    changed({ source, state: source.state, reconnect });
  };
  source.addEventListener("statechange", tell);
  tell();
  return source;
}
