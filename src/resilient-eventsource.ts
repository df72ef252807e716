import { readyStateOf, type ConnectionState } from "./connection/state.ts";
import type { Decoders } from "./events/decoders.ts";
import {
  TrackedEventTarget,
  type AddListenerOptions,
  type AnyListener,
  type RemoveListenerOptions,
} from "./events/event-target.ts";
import type { IterableParts } from "./events/iterate.ts";
import type {
  ConnectionErrorEvent,
  ConnectionOpenEvent,
  EventName,
  LifecycleEventMap,
  ListenedEvent,
  Payload,
  TypedMessageEvent,
  Untyped,
} from "./events/lifecycle.ts";
import type { OnOptions, PayloadListener } from "./events/subscriptions.ts";
import { checkMilliseconds } from "./option-checks.ts";
import type { ResilientEventSourceOptions } from "./options.ts";
import { SourceCore, type StreamUrl } from "./source-core.ts";
import { BRAND } from "./util/brand.ts";

export type { StreamUrl } from "./source-core.ts";

/** The value of an event handler attribute. */
type Handler<E extends Event> = ((event: E) => unknown) | null;

/**
 * The type of a handler attribute when it is read. `any` makes a source assignable to an
 * EventSource.
 */
// oxlint-disable-next-line typescript/no-explicit-any
type AnyHandler = ((event: any) => any) | null;

/** A DOM listener. */
export type Listener<Source, E> = ((this: Source, event: E) => unknown) | ListenerObject<E>;

/** A DOM listener that is an object. */
export interface ListenerObject<E> {
  /** Called with each event, on this object. */
  handleEvent(event: E): unknown;
}

/** Options of `reconnect`. */
export interface ReconnectOptions {
  /**
   * Replaces an open connection at a uniformly random moment within this many milliseconds; it
   * stays open until then. For a server that announces its restart: its clients leave one by one
   * before it goes. The next attempt begins at that moment, as attempt 0, and resumes after the
   * last id; without ids, events that are sent between the two connections are lost. If called
   * again, the earlier moment wins. The plan is dropped if the connection is lost first, or if
   * `close()` or `reconnect()` is called. In any state but `open` nothing happens. Default
   * undefined: now, in any state. 0: at once, if it is open.
   */
  within?: number | undefined;
}

/** Without `events`, a type argument may not claim any payload other than a string. */
type PlainArguments<P extends object> =
  Untyped extends Required<P>
    ? [options?: ResilientEventSourceOptions & { events?: undefined }]
    : [never];

/**
 * An EventSource that survives outages: it reconnects with exponential backoff and jitter, resumes
 * after the last event ID, and types its listeners by the option `events`.
 *
 * It has the interface of the standard's EventSource and is used in the same way. It connects after
 * the current task, so that listeners can be added first.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface
 */
// `in out`: a source with other payloads is not assignable. The compiler compares methods loosely
// and would accept some of them.
export class ResilientEventSource<in out P extends object = Untyped> extends TrackedEventTarget {
  /** 0: connecting, waiting or paused. */
  static get CONNECTING(): 0 {
    return 0;
  }
  /** 1: events can arrive. */
  static get OPEN(): 1 {
    return 1;
  }
  /** 2: closed, or given up. */
  static get CLOSED(): 2 {
    return 2;
  }

  private readonly _core: SourceCore;

  /**
   * @param url The event stream. A relative URL is resolved against the document's base URL.
   * @param options `events` maps event names to decoders, which give the types; without it every
   * name is allowed and data is a string. For the others see {@link ResilientEventSourceOptions}.
   * @throws SyntaxError (DOMException) if the URL cannot be parsed; TypeError if there is none;
   * RangeError or TypeError for a bad option, which the message names with its value.
   */
  constructor(url: StreamUrl, options: ResilientEventSourceOptions & { events: Decoders<P> });
  constructor(url: StreamUrl, ...options: PlainArguments<P>);
  constructor(
    url: StreamUrl,
    options: ResilientEventSourceOptions & { events?: Decoders<object> | undefined } = {},
  ) {
    super();
    // As in WebIDL: an explicit `undefined` is the URL "undefined"; a missing argument is an error.
    if (!arguments.length) throw new TypeError("1 argument required: the URL of an event stream");
    this._core = new SourceCore(this, url, options);
  }

  /**
   * The stream's absolute URL, without any resume parameter. If `url` is a function, this is its
   * latest answer, and "" before the first.
   */
  get url(): string {
    return this._core.url;
  }

  /** True if credentials are sent across origins. */
  get withCredentials(): boolean {
    return this._core.settings.withCredentials;
  }

  /** CONNECTING (0), OPEN (1) or CLOSED (2). See `state` for details. */
  get readyState(): 0 | 1 | 2 {
    return readyStateOf(this.state);
  }

  /**
   * The state of the connection, as a union discriminated by `status`. A `statechange` event is
   * dispatched after each change, except by `close()`.
   */
  get state(): ConnectionState {
    return this._core.state;
  }

  /** The last event ID, after which a reconnect resumes; "" if there is none yet. */
  get lastEventId(): string {
    return this._core.dispatcher.lastEventId;
  }

  /** 0: connecting, waiting or paused. */
  get CONNECTING(): 0 {
    return 0;
  }
  /** 1: events can arrive. */
  get OPEN(): 1 {
    return 1;
  }
  /** 2: closed, or given up. */
  get CLOSED(): 2 {
    return 2;
  }

  /** Called for `open`; null if there is no handler. */
  get onopen(): AnyHandler {
    return this._handler("open") as AnyHandler;
  }
  /** Anything but a function is treated as null. */
  set onopen(handler: Handler<ConnectionOpenEvent>) {
    this._setHandler("open", handler);
  }

  /** Called for `message` events, which have no `event` field; null if there is no handler. */
  get onmessage(): Handler<TypedMessageEvent<Payload<P, "message">>> {
    return this._handler("message") as AnyHandler;
  }
  /** Anything but a function is treated as null. */
  set onmessage(handler: Handler<TypedMessageEvent<Payload<P, "message">>>) {
    this._setHandler("message", handler);
  }

  /** Called for `error`; null if there is no handler. */
  get onerror(): AnyHandler {
    return this._handler("error") as AnyHandler;
  }
  /** Anything but a function is treated as null. */
  set onerror(handler: Handler<ConnectionErrorEvent>) {
    this._setHandler("error", handler);
  }

  /**
   * Adds a listener as on any EventTarget. The types `open`, `error`, `invalid` and `statechange`
   * are lifecycle events. A server event with one of these names reaches `on` only, which is a
   * departure from the standard: EventSource dispatches both under the same name.
   */
  override addEventListener<K extends keyof LifecycleEventMap | EventName<P>>(
    type: K,
    listener: Listener<this, ListenedEvent<P, K>> | null,
    options?: boolean | AddListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: AnyListener | null,
    options?: boolean | AddListenerOptions,
  ): void {
    super.addEventListener(type, listener, options);
  }

  /** Removes a listener as on any EventTarget. */
  override removeEventListener<K extends keyof LifecycleEventMap | EventName<P>>(
    type: K,
    listener: Listener<this, ListenedEvent<P, K>> | null,
    options?: boolean | RemoveListenerOptions,
  ): void;
  override removeEventListener(
    type: string,
    listener: AnyListener | null,
    options?: boolean | RemoveListenerOptions,
  ): void {
    super.removeEventListener(type, listener, options);
  }

  /**
   * Calls `listener` with the payload of each event of this name, before any DOM listener. This is
   * the fast path, since no event object is created. A function that is added twice is called
   * twice.
   *
   * @returns The function that removes the listener. `{ once: true }` and an aborted `{ signal }`
   * remove it, too.
   */
  on<K extends EventName<P>>(
    name: K,
    listener: PayloadListener<Payload<P, K>>,
    options?: OnOptions,
  ): () => void {
    return this._core.subscriptions.on(name, listener, options);
  }

  /**
   * Connects now: cuts a wait short, even one that the server asked for, replaces an open
   * connection (resuming after the last id), and starts again after giving up. Connects while the
   * device is offline, too; a page that is frozen or hidden stays paused. Does nothing after
   * `close()`, which is final.
   *
   * @param options With `within`, an open connection is replaced later instead: see
   * {@link ReconnectOptions}.
   * @throws RangeError or TypeError if `within` is not a number from 0 to 2^31-1
   */
  reconnect({ within }: ReconnectOptions = {}): void {
    if (within !== undefined) checkMilliseconds("within", within);
    this._core.reconnect({ within });
  }

  /**
   * Closes for good: from here on there is no event, request, timer or listener. If a listener
   * calls it, the listeners after it still get the event. Calling it again does nothing.
   */
  close(): void {
    this._core.close();
  }

  /** Closes the source at the end of the block of `using source = …`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal For `iterate`. */
  get [BRAND](): IterableParts<P> {
    return {
      state: this.state,
      onState: (listener) => this._core.onState(listener),
      on: (name, listener) => this.on(name, listener),
    };
  }

  protected override _onListenersChange(type: string, hasListeners: boolean): void {
    this._core.setDomListener(type, hasListeners);
  }
}
