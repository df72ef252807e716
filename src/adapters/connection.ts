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

/** The options of a source without `events`, plus `on`. */
export interface PlainOptions extends ResilientEventSourceOptions {
  /** Undefined: every name is allowed, and payloads are text. */
  events?: undefined;
  /** Listeners by event name. Calling them does not render anything. Default none. */
  on?: Listeners | undefined;
}

/** The options of a source with `events`, which determine the types, plus `on`. */
export interface TypedOptions<P extends object> extends ResilientEventSourceOptions {
  /** Decoders by event name. */
  events: Decoders<P>;
  /** Typed listeners by event name. Calling them does not render anything. Default none. */
  on?: Listeners<P> | undefined;
}

/** The connection of a component. Every state gives a new object. */
export interface Connection<P extends object = Untyped> {
  /**
   * The source; null on a server, without a URL, and before the connection is needed. To end the
   * connection, remove the URL: calling `source.close()` does not re-render the component.
   */
  readonly source: ResilientEventSource<P> | null;
  /**
   * The state of the source. Without a source: `closed` if there is no URL, `connecting` otherwise.
   */
  readonly state: ConnectionState;
  /**
   * Calls `source.reconnect()`; does nothing without a source. The same function in every state.
   */
  readonly reconnect: () => void;
}

/** Returns the connection of a component that has no source: none yet, or none any more. */
export function unconnected<P extends object>(url: unknown): Connection<P> {
  return {
    source: null,
    state: url == null ? { status: "closed" } : { status: "connecting", attempt: 0 },
    reconnect: () => undefined,
  };
}

/** Creates a source. Calls `onChange` at once and after every change of the state. */
export function connect<P extends object>(
  url: StreamUrl,
  { on = {}, ...options }: TypedOptions<P>,
  onChange: (connection: Connection<P>) => void,
): ResilientEventSource<P> {
  const source = new ResilientEventSource<P>(url, options);
  for (const [name, listener] of Object.entries(on))
    if (listener) source.on(name as EventName<P>, listener as PayloadListener<unknown>);
  const reconnect = (): void => {
    source.reconnect();
  };
  const notify = (): void => {
    onChange({ source, state: source.state, reconnect });
  };
  source.addEventListener("statechange", notify);
  notify();
  return source;
}
