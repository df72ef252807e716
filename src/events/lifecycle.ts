import type { ConnectionError } from "../errors.ts";
import type { Issue } from "./decoders.ts";
import type { OpenDetails } from "../transport/transport.ts";
import { platformClass } from "../util/platform.ts";

const PlatformEvent: typeof Event = /* @__PURE__ */ platformClass("Event");

/** The members of a {@link ConnectionOpenEvent}. */
export interface ConnectionOpenEventInit extends OpenDetails {
  /** Default 0. */
  attempt?: number | undefined;
  /** Default undefined: there was no previous connection. */
  downFor?: number | undefined;
  /** Default "": there is no id to resume after. */
  resumedFrom?: string | undefined;
}

/** The `open` event: a connection has opened. */
export class ConnectionOpenEvent extends PlatformEvent {
  /** The HTTP status; undefined over EventSource, which hides it. */
  readonly status: number | undefined;
  /** The response's headers; undefined over EventSource, which hides them. */
  readonly headers: Headers | undefined;

  /** How many connections in a row failed before this one: 0 at first, 1 for the first retry. */
  readonly attempt: number;
  /**
   * How long ago the previous connection showed its last sign of life, in milliseconds by the wall
   * clock; undefined if there was no previous connection.
   */
  readonly downFor: number | undefined;
  /**
   * The last event ID that was sent to the server for this connection. "" if there was none: the
   * events since the previous connection are lost.
   */
  readonly resumedFrom: string;

  constructor({
    status,
    headers,
    attempt = 0,
    downFor,
    resumedFrom = "",
  }: ConnectionOpenEventInit = {}) {
    super("open");
    this.status = status;
    this.headers = headers;
    this.attempt = attempt;
    this.downFor = downFor;
    this.resumedFrom = resumedFrom;
  }
}

/** An `error` event for a connection that has failed, after which another attempt follows. */
export interface RetryingErrorEvent extends Event {
  /** CONNECTING. */
  readonly readyState: 0;
  /** The number of the next attempt: 1 for the first retry. */
  readonly attempt: number;
  /** The wait before the next attempt, in milliseconds. */
  readonly delay: number;
  /** The time of the next attempt, in milliseconds since the epoch. */
  readonly retryAt: number;
  /** The reason why the connection ended. */
  readonly error: ConnectionError;
}

/** The last `error` event: the source is closed, and no further attempt follows. */
export interface FinalErrorEvent extends Event {
  /** CLOSED. */
  readonly readyState: 2;
  /** The reason why the last connection ended. */
  readonly error: ConnectionError;
}

/**
 * The `error` event: a connection has failed. `readyState` tells whether another attempt follows;
 * the type is discriminated by it.
 */
export type ConnectionErrorEvent = RetryingErrorEvent | FinalErrorEvent;

/** The members of a {@link ConnectionErrorEvent}. */
export type ConnectionErrorEventInit =
  Omit<RetryingErrorEvent, keyof Event> | Omit<FinalErrorEvent, keyof Event>;

/** The class of `error` events, for `instanceof` and for tests that create one. */
export const ConnectionErrorEvent = class ConnectionErrorEvent extends PlatformEvent {
  constructor(init: ConnectionErrorEventInit) {
    super("error");
    Object.assign(this, init);
  }
} as unknown as {
  /** Creates an `error` event with these members. */
  new (init: ConnectionErrorEventInit): ConnectionErrorEvent;
};

/**
 * The `invalid` event: a decoder refused a payload. The stream continues, and the id of the refused
 * event becomes the last event ID.
 */
export class InvalidEvent extends PlatformEvent {
  /** The name of the refused event. */
  declare readonly eventType: string;
  /** The refused data, as the server sent it. */
  declare readonly raw: string;
  /** The reasons for the refusal. */
  declare readonly issues: readonly Issue[];
  /** The last event ID when the event was dispatched. */
  declare readonly lastEventId: string;

  constructor(init: {
    eventType: string;
    raw: string;
    issues: readonly Issue[];
    lastEventId: string;
  }) {
    super("invalid");
    Object.assign(this, init);
  }
}

export type { EventMeta } from "../transport/transport.ts";

/** The events of the source itself. DOM listeners of these names never get a server event. */
export interface LifecycleEventMap {
  /** A connection has opened. */
  open: ConnectionOpenEvent;
  /** A connection has failed; `readyState` tells whether another attempt follows. */
  error: ConnectionErrorEvent;
  /** A decoder refused a payload. Without a listener, the refusal is reported as an error. */
  invalid: InvalidEvent;
  /** `state` has changed, other than by `close()`. */
  statechange: Event;
}

/** The payload types without `events`: every name is allowed, and payloads are text. */
export type Untyped = Record<string, string>;

/** The event names of the server: those in `events`, and always `message`. */
export type EventName<P extends object> = (keyof P & string) | "message";

/**
 * The names that are listed one by one. An index signature (`Record<string, …>`) does not say
 * which of its names have a decoder.
 */
type ListedNames<P extends object> = keyof {
  [K in keyof P as { [name: string]: 1 } extends Record<K, 1> ? never : K]: P[K];
};

/** The payload of a server event. */
export type Payload<P extends object, K extends string> =
  K extends ListedNames<P> ? P[K] : K extends keyof P ? P[K] | string : string;

/**
 * The event of a DOM listener for a server event: a `MessageEvent<T>`. `@types/node` declares
 * MessageEvent without a type parameter, and in release 18 without members.
 */
export interface TypedMessageEvent<T>
  extends
    Event,
    Pick<MessageEvent, keyof MessageEvent & ("initMessageEvent" | "ports" | "source")> {
  /** The payload. */
  readonly data: T;
  /** The last event ID when the event was dispatched. */
  readonly lastEventId: string;
  /** The origin of the server. */
  readonly origin: string;
}

/** The event that a DOM listener of this name gets. */
export type ListenedEvent<P extends object, K extends string> = K extends keyof LifecycleEventMap
  ? LifecycleEventMap[K]
  : TypedMessageEvent<Payload<P, K>>;

/** Returns true if the source itself dispatches events of this name. */
export function isLifecycle(name: string): name is keyof LifecycleEventMap {
  return /^(open|error|invalid|statechange)$/.test(name);
}
