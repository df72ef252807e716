import { Loop, type FailedState, type LoopHost } from "./connection/loop.ts";
import type { Opening } from "./connection/record.ts";
import type { ConnectionState } from "./connection/state.ts";
import type { Decoders, Issue } from "./events/decoders.ts";
import { Dispatcher, type DispatchHost } from "./events/dispatcher.ts";
import {
  ConnectionErrorEvent,
  ConnectionOpenEvent,
  InvalidEvent,
  isLifecycle,
  type ConnectionErrorEventInit,
  type EventMeta,
} from "./events/lifecycle.ts";
import { Subscriptions } from "./events/subscriptions.ts";
import { resolveOptions } from "./option-checks.ts";
import type { ResilientEventSourceOptions, Settings } from "./options.ts";
import { pageGate } from "./page/page-gate.ts";
import { autoTransport } from "./transport/auto.ts";
import { isSendable } from "./transport/resume.ts";
import type { SourceHandle, Transport, TransportRequest } from "./transport/transport.ts";
import { Multicast } from "./util/multicast.ts";
import { onAbort } from "./util/on-abort.ts";
import { messageEvent } from "./util/platform.ts";
import { reportInput } from "./util/report-exception.ts";

/**
 * The URL of an event stream. A relative URL is resolved against the document's base URL. A
 * function, which may be async, is called again on every attempt.
 */
export type StreamUrl = string | URL | (() => string | URL | Promise<string | URL>);

/**
 * Everything behind the public class: connects the parts of a source and implements the interface
 * that each part calls. One object instead of a closure for each call, since pages may have many
 * sources.
 */
export class SourceCore implements LoopHost, DispatchHost, SourceHandle {
  readonly settings: Settings;
  readonly transport: Transport;
  readonly gate: LoopHost["gate"];
  readonly subscriptions: Subscriptions;
  readonly dispatcher: Dispatcher;
  /** The stream's URL; "" until a function has answered. */
  url: string;
  private _isClosed = false;
  state: ConnectionState = { status: "connecting", attempt: 0 };
  private readonly _target: EventTarget;
  private readonly _askUrl: Extract<StreamUrl, () => unknown> | undefined;
  private readonly _loop: Loop | undefined;
  private readonly _states = new Multicast<[state: ConnectionState]>();
  private readonly _drains = new Multicast<[within: number]>();
  private readonly _forgetSignal: (() => void) | undefined;
  private _hasInvalidListener = false;
  /** The last event ID that the latest request sent. */
  private _resumedFrom = "";

  /**
   * @param target Dispatches the events.
   * @throws as the constructor of ResilientEventSource
   */
  constructor(
    target: EventTarget,
    url: StreamUrl,
    options: ResilientEventSourceOptions & { events?: Decoders<object> | undefined },
  ) {
    this._target = target;
    const settings = (this.settings = resolveOptions(options));
    const { signal, transport = autoTransport() } = settings;
    this._askUrl = typeof url === "function" ? url : undefined;
    this.url = typeof url === "function" ? "" : parseUrl(url);
    this.transport = transport;
    this.gate = pageGate(settings.pauseWhenHidden, this);
    this.subscriptions = new Subscriptions(settings.events);
    this.dispatcher = new Dispatcher(settings, this.subscriptions, this);
    if (signal?.aborted) {
      this.state = { status: "closed" };
      return;
    }
    this._forgetSignal =
      signal &&
      onAbort(signal, () => {
        this.close();
      });
    this._loop = new Loop(this);
  }

  // For transports.

  onState(listener: (state: ConnectionState) => void): () => void {
    return this._states.subscribe(listener);
  }

  onDrain(listener: (within: number) => void): () => void {
    return this._drains.subscribe(listener);
  }

  reconnect({ within }: { within?: number | undefined } = {}): void {
    if (within === undefined) this._loop?.reconnect();
    else {
      this._drains.notify(within);
      this._loop?.drain(within);
    }
  }

  // For the source.

  close(): void {
    this._loop?.close();
    this._forgetSignal?.();
    const { state } = this;
    if (state.status !== "closed") this._enter({ status: "closed" });
    // After giving up, the state is already `closed`. Observers are still notified: a shared source
    // listens for a reconnect in another tab until `close()`.
    else if (!this._isClosed) this._states.notify({ status: "closed" });
    this._isClosed = true;
  }

  /** Records whether DOM events of this type have a listener. */
  setDomListener(type: string, hasListeners: boolean): void {
    if (!isLifecycle(type)) this.subscriptions.setDomListener(type, hasListeners);
    else if (type === "invalid") this._hasInvalidListener = hasListeners;
  }

  // For the dispatcher.

  message(type: string, data: unknown, { lastEventId, origin }: EventMeta): void {
    this._target.dispatchEvent(messageEvent(type, { data, lastEventId, origin }));
  }

  invalid(eventType: string, raw: string, issues: readonly Issue[], meta: EventMeta): void {
    const event = new InvalidEvent({ eventType, raw, issues, lastEventId: meta.lastEventId });
    if (this._hasInvalidListener) this._target.dispatchEvent(event);
    else {
      const reasons = issues.map(({ message }) => message).join("; ");
      reportInput(new TypeError(`invalid "${eventType}" event: ${reasons}`, { cause: event }));
    }
  }

  // For the loop.

  async request(attempt: number, signal: AbortSignal): Promise<Omit<TransportRequest, "signal">> {
    if (this._askUrl) {
      const url = parseUrl(await this._askUrl());
      if (!signal.aborted) this.url = url;
    }
    const { withCredentials, resume, connectTimeout, heartbeatTimeout } = this.settings;
    const { lastEventId, origin } = this.dispatcher;
    // An id from EventSource or the option `lastEventId` may be unsendable. Then the previous id
    // stays in use.
    if (isSendable(lastEventId)) this._resumedFrom = lastEventId;
    return {
      source: this,
      url: this.url,
      withCredentials,
      resume,
      attempt,
      connectTimeout,
      heartbeatTimeout,
      lastEventId: this._resumedFrom,
      origin,
      names: this.subscriptions,
    };
  }

  setState(state: ConnectionState): void {
    if (isRepeat(state, this.state)) return;
    this._enter(state);
    this._target.dispatchEvent(new Event("statechange"));
  }

  opened(details: Opening): void {
    this.dispatcher.reopen(details.connection);
    const { _resumedFrom: resumedFrom } = this;
    this._target.dispatchEvent(new ConnectionOpenEvent({ ...details, resumedFrom }));
  }

  failed({ status, ...init }: FailedState): void {
    const readyState = status === "closed" ? 2 : 0;
    this._target.dispatchEvent(
      new ConnectionErrorEvent({ ...init, readyState } as ConnectionErrorEventInit),
    );
  }

  private _enter(state: ConnectionState): void {
    this.state = state;
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
  return /^(connecting|paused)$/.test(a.status) && JSON.stringify(a) === JSON.stringify(b);
}
