import { Loop } from "./connection/loop.ts";
import { readyStateOf, type ConnectionState } from "./connection/state.ts";
import type { Decoders } from "./events/decoders.ts";
import { createDispatcher, type Dispatcher } from "./events/dispatcher.ts";
import {
  TrackedEventTarget,
  type AddListenerOptions,
  type AnyListener,
  type RemoveListenerOptions,
} from "./events/event-target.ts";
import {
  ConnectionErrorEvent,
  ConnectionOpenEvent,
  InvalidEvent,
  isLifecycle,
  type EventName,
  type LifecycleEventMap,
  type ListenedEvent,
  type Payload,
  type TypedMessageEvent,
  type Untyped,
} from "./events/lifecycle.ts";
import {
  createSubscriptions,
  type OnOptions,
  type PayloadListener,
  type Subscriptions,
} from "./events/subscriptions.ts";
import type { IterableParts } from "./events/iterate.ts";
import { checkMilliseconds, resolveOptions } from "./option-checks.ts";
import type { ResilientEventSourceOptions } from "./options.ts";
import { pageGate } from "./page/page-gate.ts";
import { reportInput } from "./util/report.ts";
import { autoTransport } from "./transport/auto.ts";
import { isSendable } from "./transport/resume.ts";
import { BRAND } from "./util/brand.ts";
import { onAbort } from "./util/on-abort.ts";
import { messageEvent } from "./util/platform.ts";
import type { SourceHandle } from "./transport/transport.ts";
import { multicast } from "./util/multicast.ts";

/**
 * The URL of an event stream. A relative URL is resolved against the document's base URL. A
 * function, which may be async, is called again on every attempt.
 */
export type StreamUrl = string | URL | (() => string | URL | Promise<string | URL>);

/** The value of an event handler attribute. */
type Handler<E extends Event> = ((event: E) => unknown) | null;

/**
 * The same when it is read: loose, so that a source can be passed where an EventSource is expected.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
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
   * Milliseconds in which an open connection is replaced, at a uniformly random moment; until then
   * it stays. For a server that announces its restart: its clients leave one by one before it goes.
   * The next attempt begins in that moment, as attempt 0, and resumes after the last id; without
   * ids, events that are sent between the two connections are lost. Of repeated calls the earliest
   * moment counts. If the connection is lost before, or `close()` or `reconnect()` is called, the
   * moment is forgotten. In any state but `open` nothing happens. Default undefined: now, in any
   * state. 0: at once, if it is open.
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

  private readonly _subscriptions: Subscriptions;
  private readonly _dispatcher: Dispatcher;
  private readonly _loop: Loop | undefined;
  private readonly _withCredentials: boolean;
  private readonly _states = multicast<[state: ConnectionState]>();
  private readonly _drains = multicast<[within: number]>();
  private readonly _handle: SourceHandle = {
    onState: this._states.subscribe,
    onDrain: this._drains.subscribe,
    reconnect: (options) => this.reconnect(options),
  };
  private readonly _forgetSignal: (() => void) | undefined;
  private _url: string;
  private _state: ConnectionState = { status: "connecting", attempt: 0 };

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
    const settings = resolveOptions(options);
    this._url = typeof url === "function" ? "" : parseUrl(url);
    this._withCredentials = settings.withCredentials;
    const subscriptions = (this._subscriptions = createSubscriptions(settings.events));
    const dispatcher = (this._dispatcher = createDispatcher(settings, subscriptions, {
      message: (type, data, { lastEventId, origin }) =>
        this.dispatchEvent(messageEvent(type, { data, lastEventId, origin })),
      invalid: (eventType, raw, issues, { lastEventId }) => {
        const event = new InvalidEvent({ eventType, raw, issues, lastEventId });
        if (this._hasListener("invalid")) this.dispatchEvent(event);
        else
          reportInput(
            new TypeError(
              `invalid "${eventType}" event: ${issues.map(({ message }) => message).join("; ")}`,
              { cause: event },
            ),
          );
      },
    }));

    if (settings.signal?.aborted) {
      this._state = { status: "closed" };
      return;
    }
    this._forgetSignal =
      settings.signal &&
      onAbort(settings.signal, () => {
        this.close();
      });
    const { withCredentials, resume, connectTimeout, heartbeatTimeout } = settings;
    const { transport = autoTransport() } = settings;
    let resumedFrom = "";
    this._loop = new Loop({
      settings,
      transport,
      gate: pageGate(settings.pauseWhenHidden, () => this._url),
      request: async (attempt, signal) => {
        if (typeof url === "function") {
          const asked = parseUrl(await url());
          if (!signal.aborted) this._url = asked;
        }
        // EventSource and the option may give an id that cannot be sent: the one before counts.
        if (isSendable(this.lastEventId)) resumedFrom = this.lastEventId;
        return {
          source: this._handle,
          url: this._url,
          withCredentials,
          resume,
          attempt,
          connectTimeout,
          heartbeatTimeout,
          lastEventId: resumedFrom,
          origin: dispatcher.origin,
          names: subscriptions,
        };
      },
      sink: {
        event: dispatcher.event,
        lastEventId: dispatcher.setLastEventId,
        reopen: dispatcher.reopen,
      },
      setState: (state) => {
        if (isRepeat(state, this._state)) return;
        this._setState(state);
        this.dispatchEvent(new Event("statechange"));
      },
      opened: (details) => {
        dispatcher.reopen(details.connection);
        this.dispatchEvent(new ConnectionOpenEvent({ ...details, resumedFrom }));
      },
      failed: ({ status: _, ...init }) => {
        const { readyState } = this;
        this.dispatchEvent(
          new ConnectionErrorEvent({ ...init, readyState } as ConstructorParameters<
            typeof ConnectionErrorEvent
          >[0]),
        );
      },
    });
  }

  /**
   * The stream's absolute URL, without any resume parameter. If `url` is a function, this is its
   * latest answer, and "" before the first.
   */
  get url(): string {
    return this._url;
  }

  /** True if credentials are sent across origins. */
  get withCredentials(): boolean {
    return this._withCredentials;
  }

  /** CONNECTING (0), OPEN (1) or CLOSED (2). See `state` for details. */
  get readyState(): 0 | 1 | 2 {
    return readyStateOf(this._state);
  }

  /**
   * The state of the connection, as a union discriminated by `status`. A `statechange` event is
   * dispatched after each change, except by `close()`.
   */
  get state(): ConnectionState {
    return this._state;
  }

  /** The last event ID, after which a reconnect resumes; "" if there is none yet. */
  get lastEventId(): string {
    return this._dispatcher.lastEventId;
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
    return this._subscriptions.on(name, listener, options);
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
    if (within === undefined) this._loop?.reconnect();
    else {
      checkMilliseconds("within", within);
      this._drains.notify(within);
      this._loop?.drain(within);
    }
  }

  /**
   * Closes for good: from here on there is no event, request, timer or listener. If a listener
   * calls it, the listeners after it still get the event. Calling it again does nothing.
   */
  close(): void {
    this._loop?.close();
    this._forgetSignal?.();
    const { _state: state } = this;
    if (state.status !== "closed") this._setState({ status: "closed" });
    // A source that gave up keeps its state. Its observers are told all the same: a shared source
    // listens for a reconnect in another tab until then.
    else this._states.notify({ status: "closed" });
  }

  /** Closes the source at the end of the block of `using source = …`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal For `iterate`. */
  get [BRAND](): IterableParts<P> {
    return {
      state: this._state,
      onState: this._states.subscribe,
      on: (name, listener) => this.on(name, listener),
    };
  }

  protected override _onListenersChange(type: string, hasListeners: boolean): void {
    if (!isLifecycle(type)) this._subscriptions.setDomListener(type, hasListeners);
  }

  private _setState(state: ConnectionState): void {
    this._state = state;
    this._states.notify(state);
  }
}

/** @throws SyntaxError (DOMException), as EventSource does. */
function parseUrl(url: string | URL): string {
  const base =
    typeof document === "undefined"
      ? (globalThis as { location?: Location }).location?.href
      : document.baseURI;
  try {
    return new URL(url, base).href;
  } catch {
    throw new DOMException(`${JSON.stringify(String(url))} is not a valid URL`, "SyntaxError");
  }
}

/** Returns true if nothing has changed between two states, so that listeners need not be called. */
function isRepeat(a: ConnectionState, b: ConnectionState): boolean {
  return (
    (a.status === "connecting" && b.status === "connecting" && a.attempt === b.attempt) ||
    (a.status === "paused" &&
      b.status === "paused" &&
      a.reason === b.reason &&
      a.retryAt === b.retryAt)
  );
}
