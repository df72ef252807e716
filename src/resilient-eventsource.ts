import { Loop } from "./connection/loop.ts";
import { readyStateOf, type ConnectionState } from "./connection/state.ts";
import type { Decoders } from "./events/decoders.ts";
import {
  createDispatcher,
  type Dispatcher,
  type OnOptions,
  type PayloadListener,
} from "./events/dispatcher.ts";
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
import { iterate, type IterateOptions, type Iteration } from "./events/iterate.ts";
import { checkMilliseconds, resolveOptions, type ResilientEventSourceOptions } from "./options.ts";
import { pageGate } from "./page/page-gate.ts";
import { report } from "./util/report.ts";
import { autoTransport } from "./transport/auto.ts";
import { BRAND } from "./transport/event-source.ts";
import type { SourceHandle } from "./transport/transport.ts";
import { multicast } from "./util/multicast.ts";

/** The URL of an event stream, relative ones against the document; a function, which may be async, is asked again on every attempt. */
export type StreamUrl = string | URL | (() => string | URL | Promise<string | URL>);

/** What can be set as an event handler attribute. */
type Handler<E extends Event> = ((event: E) => unknown) | null;

/** What is read from one: loose, so that a source can stand wherever an EventSource is wanted. */
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

/** Where no `events` are given, a type argument may claim nothing but strings. */
type PlainArguments<P extends object> =
  Untyped extends Required<P>
    ? [options?: ResilientEventSourceOptions & { events?: undefined }]
    : [never];

/**
 * An EventSource that survives outages: exponential backoff with jitter in place of the fixed retry, resuming after the last event id, and listeners
 * typed by `events`.
 *
 * Used like the standard's EventSource, whose interface it has. It connects as soon as the code that made it has run.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface
 */
// `in out`: one with other payloads cannot stand in. The compiler, which compares methods loosely, would let some of them pass.
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
  private readonly _signal: AbortSignal | undefined;
  private _url: string;
  private _state: ConnectionState = { status: "connecting", attempt: 0 };

  /**
   * @param url The event stream. A relative URL is resolved against the document's base URL.
   * @param options `events` are the decoders by event name, which give the types; without them every name is allowed, and data is `string`. The rest are
   * {@link ResilientEventSourceOptions}.
   * @throws SyntaxError (DOMException) when the URL cannot be parsed, TypeError when there is none; RangeError or TypeError for a bad option, naming it
   * and its value.
   */
  constructor(url: StreamUrl, options: ResilientEventSourceOptions & { events: Decoders<P> });
  constructor(url: StreamUrl, ...options: PlainArguments<P>);
  constructor(
    url: StreamUrl,
    options: ResilientEventSourceOptions & { events?: Decoders<object> | undefined } = {},
  ) {
    super();
    // As WebIDL has it: `undefined` is a URL, "undefined"; none at all is a mistake.
    if (!arguments.length) throw new TypeError("1 argument required: the URL of an event stream");
    const settings = resolveOptions(options);
    this._url = typeof url === "function" ? "" : parseUrl(url);
    this._withCredentials = settings.withCredentials;
    this._signal = settings.signal;
    const dispatcher = (this._dispatcher = createDispatcher(settings, {
      message: (type, data, { lastEventId, origin }) =>
        this.dispatchEvent(new MessageEvent(type, { data, lastEventId, origin })),
      invalid: (eventType, raw, issues, { lastEventId }) => {
        const event = new InvalidEvent({ eventType, raw, issues, lastEventId });
        if (this._hasListener("invalid")) this.dispatchEvent(event);
        else
          report(
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
    settings.signal?.addEventListener("abort", this._abort);
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
        const { lastEventId } = this;
        resumedFrom = lastEventId;
        return {
          source: this._handle,
          url: this._url,
          withCredentials,
          resume,
          attempt,
          connectTimeout,
          heartbeatTimeout,
          lastEventId,
          origin: dispatcher.origin,
          names: dispatcher,
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

  /** The stream's absolute URL, without any resume parameter. Where `url` is a function: its latest answer, "" before the first. */
  get url(): string {
    return this._url;
  }

  /** Whether credentials are sent across origins. */
  get withCredentials(): boolean {
    return this._withCredentials;
  }

  /** CONNECTING (0), OPEN (1) or CLOSED (2). `state` says more. */
  get readyState(): 0 | 1 | 2 {
    return readyStateOf(this._state);
  }

  /** What is going on, as a union discriminated by `status`. A `statechange` event follows each change but that by `close()`. */
  get state(): ConnectionState {
    return this._state;
  }

  /** The last event ID: where a reconnect resumes. "" before there is one. */
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

  /** Called for `open`; null: nothing is. */
  get onopen(): AnyHandler {
    return this._handler("open") as AnyHandler;
  }
  /** What is no function counts as null. */
  set onopen(handler: Handler<ConnectionOpenEvent>) {
    this._setHandler("open", handler);
  }

  /** Called for the server's `message` events: those without an `event` field. Null: nothing is called. */
  get onmessage(): Handler<TypedMessageEvent<Payload<P, "message">>> {
    return this._handler("message") as AnyHandler;
  }
  /** What is no function counts as null. */
  set onmessage(handler: Handler<TypedMessageEvent<Payload<P, "message">>>) {
    this._setHandler("message", handler);
  }

  /** Called for `error`; null: nothing is. */
  get onerror(): AnyHandler {
    return this._handler("error") as AnyHandler;
  }
  /** What is no function counts as null. */
  set onerror(handler: Handler<ConnectionErrorEvent>) {
    this._setHandler("error", handler);
  }

  /**
   * Adds a listener as on any EventTarget. The names `open`, `error`, `invalid` and `statechange` are our own events; a server event of such a name
   * reaches `on` only (a departure from the standard, which mixes them).
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
   * Calls `listener` with the payload of each event of this name, before any DOM listener. The fast path: no event object is made. The same function
   * added twice is called twice.
   *
   * @returns The function that removes it. Also `{ once: true }` and an aborted `{ signal }` do.
   */
  on<K extends EventName<P>>(
    name: K,
    listener: PayloadListener<Payload<P, K>>,
    options?: OnOptions,
  ): () => void {
    return this._dispatcher.on(name, listener, options);
  }

  /**
   * The payloads of this event as an async iterable: `for await (const price of source.iterate("price")) …`. It listens from the call on. `break` ends
   * it; after `close()` the reader gets what came before, and is done; giving up ends it with the ConnectionError. Payloads that their decoder
   * refuses are left out.
   *
   * @throws RangeError for a `limit` below 1
   */
  iterate<K extends EventName<P>>(name: K, options?: IterateOptions): Iteration<Payload<P, K>> {
    return iterate<Payload<P, K>>(
      {
        on: (listener) => this.on(name, listener),
        state: this._state,
        onState: this._states.subscribe,
      },
      options,
    );
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
    checkMilliseconds("within", within);
    if (within === undefined) this._loop?.reconnect();
    else {
      this._drains.notify(within);
      this._loop?.drain(within);
    }
  }

  /**
   * Closes for good, at once and in silence: no further event, request, timer or listener. A listener that calls it does not take the event away from
   * those after it. Calling it again does nothing.
   */
  close(): void {
    this._loop?.close();
    this._signal?.removeEventListener("abort", this._abort);
    // Also after giving up: a shared source listens for a reconnect in another tab until then.
    if (this._state.status !== "closed" || this._state.error) this._setState({ status: "closed" });
  }

  /** `using source = …` closes it at the end of the block. */
  [Symbol.dispose](): void {
    this.close();
  }

  protected override _heard(type: string, heard: boolean): void {
    if (!isLifecycle(type)) this._dispatcher.setDom(type, heard);
  }

  private _setState(state: ConnectionState): void {
    this._state = state;
    this._states.notify(state);
  }

  private readonly _abort = (): void => {
    this.close();
  };
}

Object.defineProperty(ResilientEventSource.prototype, BRAND, { value: true });

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

/** Two states between which nothing has changed: a listener need not hear of the second. */
function isRepeat(a: ConnectionState, b: ConnectionState): boolean {
  return (
    (a.status === "connecting" && b.status === "connecting" && a.attempt === b.attempt) ||
    (a.status === "paused" &&
      b.status === "paused" &&
      a.reason === b.reason &&
      a.retryAt === b.retryAt)
  );
}
