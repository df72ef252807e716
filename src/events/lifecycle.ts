import type { ConnectionError } from "../errors.ts";
import type { Issue } from "./decoders.ts";
import type { OpenDetails } from "../transport/transport.ts";
import { platformClass } from "../util/platform.ts";

const PlatformEvent: typeof Event = /* @__PURE__ */ platformClass("Event");

/** Data of a {@link ConnectionOpenEvent}. */
export interface ConnectionOpenEventInit extends OpenDetails {
  /** Default 0. */
  attempt?: number | undefined;
  /** Default undefined: there was no connection before. */
  downFor?: number | undefined;
  /** Default "": there is no id to resume after. */
  resumedFrom?: string | undefined;
}

/** `open`: events can arrive. */
export class ConnectionOpenEvent extends PlatformEvent {
  /** The HTTP status; undefined over a native EventSource, which hides it. */
  readonly status: number | undefined;
  /** The response's headers; undefined over a native EventSource. */
  readonly headers: Headers | undefined;

  /** How many connections in a row failed before this one: 0 at first, 1 for the first retry. */
  readonly attempt: number;
  /**
   * How long ago the connection before this one showed the last sign of life, in milliseconds by
   * the wall clock; undefined if there was none.
   */
  readonly downFor: number | undefined;
  /**
   * The last event ID that the server was told. "" if there is none: events that it sent since the
   * connection before are lost.
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

/** A connection failed, and the next attempt is coming. */
export interface RetryingErrorEvent extends Event {
  /** CONNECTING. */
  readonly readyState: 0;
  /** The number of the attempt that comes: 1 is the first retry. */
  readonly attempt: number;
  /** How long we wait before it, in milliseconds. */
  readonly delay: number;
  /** When it comes, in milliseconds since the epoch. */
  readonly retryAt: number;
  /** How the connection ended. */
  readonly error: ConnectionError;
}

/** The last `error`: we gave up. */
export interface FinalErrorEvent extends Event {
  /** CLOSED. */
  readonly readyState: 2;
  /** How the last connection ended. */
  readonly error: ConnectionError;
}

/** `error`: a connection failed; `readyState` tells whether another attempt comes, and the compiler knows which members there are then. */
export type ConnectionErrorEvent = RetryingErrorEvent | FinalErrorEvent;

/** Data of a {@link ConnectionErrorEvent}. */
export type ConnectionErrorEventInit =
  Omit<RetryingErrorEvent, keyof Event> | Omit<FinalErrorEvent, keyof Event>;

/** The class of `error` events, for `instanceof` and for tests that make one. */
export const ConnectionErrorEvent = class ConnectionErrorEvent extends PlatformEvent {
  constructor(init: ConnectionErrorEventInit) {
    super("error");
    Object.assign(this, init);
  }
} as unknown as {
  /** Makes an `error` event with these members. */
  new (init: ConnectionErrorEventInit): ConnectionErrorEvent;
};

/** `invalid`: a decoder refused a payload. The stream goes on, and the event's id counts. */
export class InvalidEvent extends PlatformEvent {
  /** The name of the refused event. */
  readonly eventType: string;
  /** Its data, as it came. */
  readonly raw: string;
  /** What is wrong with it. */
  readonly issues: readonly Issue[];
  /** The last event ID, as of this event. */
  readonly lastEventId: string;

  constructor(init: {
    eventType: string;
    raw: string;
    issues: readonly Issue[];
    lastEventId: string;
  }) {
    super("invalid");
    this.eventType = init.eventType;
    this.raw = init.raw;
    this.issues = init.issues;
    this.lastEventId = init.lastEventId;
  }
}

export type { EventMeta } from "../transport/transport.ts";

/** Our own events: DOM listeners of these names hear nothing else. */
export interface LifecycleEventMap {
  /** A connection has opened. */
  open: ConnectionOpenEvent;
  /** A connection has failed; `readyState` tells whether another attempt comes. */
  error: ConnectionErrorEvent;
  /** A decoder refused a payload. Without a listener it is reported as an uncaught error is. */
  invalid: InvalidEvent;
  /** `state` has changed, other than by `close()`. */
  statechange: Event;
}

/** The payload types where no `events` are given: any name, and data is text. */
export type Untyped = Record<string, string>;

/** The server's event names: those in `events` and, without an entry, `message`. */
export type EventName<P extends object> = (keyof P & string) | "message";

/** The names that are spelled out: an index signature (`Record<string, …>`) does not say which of its names have a decoder. */
type Spelled<P extends object> = keyof {
  [K in keyof P as { [name: string]: 1 } extends Record<K, 1> ? never : K]: P[K];
};

/** The payload of a server event. */
export type Payload<P extends object, K extends string> =
  K extends Spelled<P> ? P[K] : K extends keyof P ? P[K] | string : string;

/**
 * The event of a DOM listener for a server event: a `MessageEvent<T>`. In `@types/node` that name
 * has no type parameter, and in its release 18 no members.
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

/** The event a DOM listener of this name gets. */
export type ListenedEvent<P extends object, K extends string> = K extends keyof LifecycleEventMap
  ? LifecycleEventMap[K]
  : TypedMessageEvent<Payload<P, K>>;

/** Whether a name is one of our own events'. */
export function isLifecycle(name: string): name is keyof LifecycleEventMap {
  return /^(open|error|invalid|statechange)$/.test(name);
}
