import { ConnectionError, type ConnectionErrorInit } from "../errors.ts";
import type { HeardNames, Sink, Transport, TransportRequest } from "../transport/transport.ts";
import { History, type RelayedEvent } from "./history.ts";

/** How the holder's connection stands, as told to the others. */
type HolderState =
  | { readonly status: "connecting" }
  | { readonly status: "open"; readonly origin: string; readonly code?: number | undefined; readonly headers: readonly [string, string][] }
  | { readonly status: "failed"; readonly message: string; readonly error: ConnectionErrorInit; readonly retryAt: number | undefined };

/** What members say to each other. `from` tells holders apart: a new one starts a new sequence of events. */
type Message =
  /** Who holds the connection? I have everything up to this id. */
  | { readonly kind: "hello"; readonly from: string; readonly lastEventId: string; readonly names: readonly string[] }
  /** I listen to this name, too. */
  | { readonly kind: "name"; readonly name: string }
  /** I hold it, it stands like this, and I have everything up to this id; to `to`: and this is what you missed (null: I do not know). */
  | {
      readonly kind: "state";
      readonly from: string;
      readonly state: HolderState;
      readonly lastEventId: string;
      readonly to?: string;
      readonly missed?: readonly RelayedEvent[] | null;
    }
  | { readonly kind: "events"; readonly from: string; readonly events: readonly RelayedEvent[] }
  | { readonly kind: "position"; readonly from: string; readonly lastEventId: string }
  | { readonly kind: "retry"; readonly ms: number }
  | { readonly kind: "activity" };

/** One call of the transport. */
export interface MemberHost {
  readonly inner: Transport;
  readonly request: TransportRequest;
  readonly sink: Sink;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Comments are relayed at most this often, in milliseconds: they only say that the stream lives. */
const ACTIVITY_EVERY = 1000;
/** A holder that connects again within this time (ms) is said to be connecting. */
const SOON = 1000;

/**
 * One source's part in a shared connection: a follower, which hears what the holder relays, until it gets the lock; then the holder.
 *
 * Nothing is lost and nothing comes twice, because each member knows the id it has, and keeps the latest events: after every change of the holder they
 * are compared, and what one is behind comes from the holder's history or, when that does not reach back, from the server.
 */
export class Member {
  /** Aborts when this member has left. */
  readonly left: AbortSignal;
  private readonly _id = Math.random().toString(36).slice(2);
  private readonly _leaving = new AbortController();
  private readonly _channel: BroadcastChannel;
  private readonly _history: History;
  private readonly _names: SharedNames;
  private _host: MemberHost;
  /** False between two connections. */
  private _busy = true;
  private _isHolder = false;
  private _state: HolderState = { status: "connecting" };
  private _outbox: RelayedEvent[] = [];
  private _lastActivity = 0;
  private _origin: string;

  // As a follower
  /** Whose events we hear. */
  private _followed = "";
  /** Whether what comes continues what we have; until then it waits. */
  private _isSynced = false;
  private _waiting: RelayedEvent[] = [];
  /** Ids that a new holder may bring once more, because we were ahead of it. */
  private _repeats: ReadonlySet<string> | undefined;
  private _catchingUp: AbortController | undefined;

  constructor(name: string, host: MemberHost) {
    const { request } = host;
    this.left = this._leaving.signal;
    this._host = host;
    this._origin = new URL(request.url).origin;
    this._history = new History(request.lastEventId);
    this._names = new SharedNames(request.names, (added) => this._post({ kind: "name", name: added }), this.left);
    this._channel = new BroadcastChannel(name);
    this._channel.onmessage = ({ data }: MessageEvent<Message>) => this._hear(data);
    this._onAbort(host);
    this._sayHello();
    host.sink.role?.("follower");
    navigator.locks
      .request(name, { signal: this.left }, () => {
        this._takeOver();
        return new Promise<void>((resolve) => {
          this.left.addEventListener("abort", () => {
            resolve();
          });
        });
      })
      .catch(() => undefined);
  }

  /** The holder's next connection. */
  connectAgain(host: MemberHost): void {
    this._host = host;
    this._busy = true;
    this._onAbort(host);
    this._hold();
  }

  private _onAbort({ request, resolve }: MemberHost): void {
    request.signal.addEventListener("abort", () => {
      if (!this._busy || this._host.request !== request) return;
      resolve();
      this._leave();
    });
  }

  private _leave(): void {
    this._busy = false;
    this._catchingUp?.abort();
    this._flush();
    this._leaving.abort();
    this._channel.close();
  }

  private _post(message: Message): void {
    if (!this.left.aborted) this._channel.postMessage(message);
  }

  private _hear(message: Message): void {
    if (this.left.aborted) return;
    switch (message.kind) {
      case "name":
        this._names.add(message.name);
        return;
      case "hello":
        for (const name of message.names) this._names.add(name);
        if (this._isHolder) this._welcome(message);
        return;
      default:
        if (!this._isHolder && this._busy) this._follow(message);
    }
  }

  // The holder's part.

  private _takeOver(): void {
    if (this.left.aborted) return;
    this._isHolder = true;
    this._catchingUp?.abort();
    this._catchingUp = undefined;
    // What waits comes after what we miss, and both will come from the server.
    this._waiting = [];
    this._host.sink.role?.("holder");
    this._hold();
  }

  private _hold(): void {
    const host = this._host;
    const { inner, request, sink, resolve, reject } = host;
    this._setState({ status: "connecting" });
    const relay: Sink = {
      open: (details = {}) => {
        sink.open(details);
        this._setState({ status: "open", origin: this._origin, code: details.status, headers: [...(details.headers ?? [])] });
      },
      event: (type, data, position) => {
        const event = { type, data, lastEventId: position.lastEventId };
        this._origin = position.origin;
        this._history.add(event);
        if (this._outbox.push(event) === 1) queueMicrotask(() => this._flush());
        sink.event(type, data, position);
      },
      position: (position) => {
        this._history.moveTo(position.lastEventId);
        this._flush();
        this._post({ kind: "position", from: this._id, lastEventId: position.lastEventId });
        sink.position(position);
      },
      activity: () => {
        const now = performance.now();
        if (now - this._lastActivity > ACTIVITY_EVERY) this._post({ kind: "activity" });
        if (now - this._lastActivity > ACTIVITY_EVERY) this._lastActivity = now;
        sink.activity();
      },
      retry: (ms) => {
        this._post({ kind: "retry", ms });
        sink.retry(ms);
      },
    };
    const stopResting = request.source.onRest(({ error, retryAt }) => {
      stopResting();
      // The source closed or paused: somebody else may have it. It waits or gave up: the others shall know.
      if (error) this._setState({ status: "failed", message: error.message, error: plain(error), retryAt });
      if (retryAt === undefined) this._leave();
    });
    inner({ ...request, lastEventId: this._history.lastEventId, names: this._names }, relay).then(
      () => {
        if (!this._busy || this._host !== host) return;
        this._busy = false;
        this._flush();
        resolve();
      },
      (error: unknown) => {
        if (!this._busy || this._host !== host) return;
        this._busy = false;
        this._flush();
        reject(error);
      },
    );
    this.left.addEventListener("abort", stopResting);
  }

  private _setState(state: HolderState): void {
    this._state = state;
    this._flush();
    this._post({ kind: "state", from: this._id, state, lastEventId: this._history.lastEventId });
  }

  private _welcome({ from, lastEventId }: Extract<Message, { kind: "hello" }>): void {
    const state = this._state;
    const soon = state.status === "failed" && (state.retryAt ?? Infinity) < Date.now() + SOON;
    this._flush();
    this._post({
      kind: "state",
      from: this._id,
      to: from,
      state: soon ? { status: "connecting" } : state,
      lastEventId: this._history.lastEventId,
      missed: this._history.after(lastEventId) ?? null,
    });
  }

  private _flush(): void {
    const events = this._outbox;
    if (!events.length) return;
    this._outbox = [];
    this._post({ kind: "events", from: this._id, events });
  }

  // The follower's part.

  private _sayHello(): void {
    this._post({ kind: "hello", from: this._id, lastEventId: this._history.lastEventId, names: [...this._names] });
  }

  private _follow(message: Exclude<Message, { kind: "hello" | "name" }>): void {
    const { sink } = this._host;
    switch (message.kind) {
      case "activity":
        sink.activity();
        break;
      case "retry":
        sink.retry(message.ms);
        break;
      case "events":
        if (message.from === this._followed) for (const event of message.events) this._receive(event);
        break;
      case "position":
        if (message.from === this._followed && this._isSynced) this._moveTo(message.lastEventId);
        break;
      case "state":
        if (message.to === undefined || message.to === this._id) this._meet(message);
    }
  }

  private _meet({ from, state, lastEventId, missed }: Extract<Message, { kind: "state" }>): void {
    if (state.status === "failed") {
      const { message, error, retryAt } = state;
      const retryIn = retryAt === undefined ? undefined : Math.max(0, retryAt - Date.now());
      this._fail(new ConnectionError(message, { ...error, retryIn }));
      return;
    }
    if (from !== this._followed || (missed !== undefined && !this._isSynced && !this._catchingUp)) {
      this._followed = from;
      // What was relayed before this message is in it.
      this._waiting = [];
      this._sync(lastEventId, missed);
    }
    if (state.status === "open") {
      this._origin = state.origin;
      this._host.sink.open({ status: state.code, headers: new Headers([...state.headers]) });
    }
  }

  /** Finds out how what the holder has, everything up to `lastEventId`, continues what we have. */
  private _sync(lastEventId: string, missed: readonly RelayedEvent[] | null | undefined): void {
    const ours = this._history.lastEventId;
    const ahead = this._history.after(lastEventId);
    this._isSynced = true;
    this._repeats = undefined;
    if (ours === lastEventId) {
      // Nothing between us.
    } else if (!ours) {
      // From now on, as with a connection of our own; but should we take over, then from here.
      this._moveTo(lastEventId);
    } else if (ahead) {
      this._repeats = new Set(ahead.map((event) => event.lastEventId));
    } else if (missed) {
      for (const event of missed) this._deliver(event);
    } else {
      this._isSynced = false;
      if (missed === undefined) this._sayHello();
      else this._catchUp(lastEventId);
      return;
    }
    this._drain();
  }

  private _receive(event: RelayedEvent): void {
    if (!this._isSynced) {
      this._waiting.push(event);
      // The server was faster with what we miss than the holder with what comes after it.
      if (this._catchingUp && event.lastEventId === this._history.lastEventId) this._caughtUp(this._waiting.length);
    } else if (!this._repeats?.has(event.lastEventId)) {
      this._repeats = undefined;
      this._deliver(event);
    }
  }

  private _drain(): void {
    for (const event of this._waiting.splice(0)) this._receive(event);
  }

  private _deliver(event: RelayedEvent): void {
    this._history.add(event);
    const { type, data, lastEventId } = event;
    if (this._busy) this._host.sink.event(type, data, { lastEventId, origin: this._origin });
  }

  private _moveTo(lastEventId: string): void {
    this._history.moveTo(lastEventId);
    this._host.sink.position({ lastEventId, origin: this._origin });
  }

  /** Asks the server itself for what we miss, until the two streams meet: at the id that the holder had, or at one of those that wait. */
  private _catchUp(lastEventId: string): void {
    const { inner, request, sink } = this._host;
    const connection = (this._catchingUp = new AbortController());
    const nothing = (): void => undefined;
    const own: Sink = {
      open: nothing,
      position: nothing,
      retry: nothing,
      activity: () => {
        sink.activity();
      },
      event: (type, data, position) => {
        if (connection.signal.aborted) return;
        this._deliver({ type, data, lastEventId: position.lastEventId });
        if (position.lastEventId === lastEventId) this._caughtUp(0);
        const met = this._waiting.findIndex((event) => event.lastEventId === position.lastEventId);
        if (met >= 0) this._caughtUp(met + 1);
      },
    };
    const fail = (error: unknown = new ConnectionError("the server ended the stream", { reason: "ended" })): void => {
      if (!connection.signal.aborted) this._fail(error);
    };
    inner({ ...request, lastEventId: this._history.lastEventId, signal: connection.signal }, own).then(() => {
      fail();
    }, fail);
  }

  /** The first `repeated` of those that wait have come already. */
  private _caughtUp(repeated: number): void {
    this._catchingUp?.abort();
    this._catchingUp = undefined;
    this._waiting.splice(0, repeated);
    this._isSynced = true;
    this._drain();
  }

  private _fail(error: unknown): void {
    const { reject } = this._host;
    this._leave();
    reject(error);
  }
}

/** The names that any member listens to. It only grows: an event too many is relayed, and heard by nobody. */
class SharedNames implements HeardNames {
  private readonly _names: Set<string>;
  private readonly _observers = new Set<(name: string, heard: boolean) => void>();

  constructor(own: HeardNames, tell: (name: string) => void, left: AbortSignal) {
    this._names = new Set(own);
    const stop = own.observe((name, heard) => {
      if (heard && this.add(name)) tell(name);
    });
    left.addEventListener("abort", stop);
  }

  /** Says whether the name is new. */
  add(name: string): boolean {
    if (this._names.has(name)) return false;
    this._names.add(name);
    for (const observer of this._observers) observer(name, true);
    return true;
  }

  [Symbol.iterator](): Iterator<string> {
    return this._names.values();
  }

  observe(listener: (name: string, heard: boolean) => void): () => void {
    this._observers.add(listener);
    return () => this._observers.delete(listener);
  }
}

/** An error as it can travel: headers and causes cannot. */
function plain({ reason, status, retryAfter }: ConnectionError): ConnectionErrorInit {
  return { reason, status, retryAfter };
}
