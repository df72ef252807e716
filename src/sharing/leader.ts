import type { ConnectionState } from "../connection/state.ts";
import type { Sink } from "../transport/transport.ts";
import type { MemberHost, Membership } from "./membership.ts";
import type { Answer, HelloMessage, LeaderState } from "./messages.ts";
import { RelayedConnection, type RelayedEvent } from "./relayed.ts";

/** The least time between two `activity` messages (ms). */
const ACTIVITY_INTERVAL = 500;
/** A leader that reconnects within this time (ms) tells new followers that it is connecting. */
const SOON = 1000;

/**
 * The member that has the connection and relays its events, from one connection to the next, while
 * it holds the lock.
 */
export class Leader {
  private readonly _member: Membership;
  private _host: MemberHost | undefined;
  private _connected = false;
  private _state: LeaderState = { status: "connecting" };
  private _origin = "";
  private _outbox: RelayedEvent[] = [];
  private _lastActivity = 0;

  constructor(member: Membership) {
    this._member = member;
  }

  connect(host: MemberHost): void {
    const { inner, request, sink, resolve, reject } = host;
    const { history, names, id } = this._member;
    if (request.signal.aborted) return;
    this._host = host;
    this._connected = true;
    this._origin ||= new URL(request.url).origin;
    this._setState({ status: "connecting" });
    const connection = new RelayedConnection();

    const isLive = (): boolean => this._connected && this._host === host;
    const end = (settle: () => void): void => {
      if (!isLive()) return;
      this._connected = false;
      this.flush();
      settle();
    };
    const relay: Sink = {
      open: (details = {}) => {
        if (!isLive()) return;
        sink.open(details);
        if (!isLive()) return;
        this._setState({
          status: "open",
          code: details.status,
          headers: [...(details.headers ?? [])],
          connection: connection.id,
        });
      },
      event: (type, data, meta) => {
        if (!isLive()) return;
        const event = connection.event(type, data, meta);
        this._origin = meta.origin;
        history.add(event);
        if (this._outbox.push(event) === 1) queueMicrotask(() => this.flush());
        sink.event(type, data, meta);
      },
      lastEventId: (lastEventId) => {
        if (isLive() && lastEventId !== history.lastEventId) {
          history.moveTo(lastEventId);
          this.flush();
          this._member.post({ kind: "lastEventId", from: id, lastEventId });
        }
        sink.lastEventId(lastEventId);
      },
      activity: () => {
        const now = performance.now();
        if (now - this._lastActivity > ACTIVITY_INTERVAL) {
          this._lastActivity = now;
          this._member.post({ kind: "activity" });
        }
        sink.activity();
      },
      retry: (ms) => {
        this._member.post({ kind: "retry", ms });
        sink.retry(ms);
      },
    };
    request.signal.addEventListener("abort", () => {
      end(resolve);
    });
    // A transport may also throw before it returns.
    const run = async (): Promise<void> =>
      inner({ ...request, lastEventId: history.lastEventId, names }, relay);
    run().then(
      () => {
        end(resolve);
      },
      (error: unknown) => {
        end(() => reject(error));
      },
    );
  }

  /** Tells the followers that the source waits or has given up. */
  onState(state: ConnectionState): void {
    if (!("error" in state && state.error)) return;
    const { message, reason, status, retryAfter } = state.error;
    const retryAt = state.status === "waiting" ? state.retryAt : undefined;
    // Headers and causes cannot be cloned.
    this._setState({ status: "failed", message, error: { reason, status, retryAfter }, retryAt });
  }

  /** Answers a member that joins, or cannot tell how our events continue its own. */
  answerHello({ from, lastEventId, reconnectNow }: HelloMessage): void {
    const { history } = this._member;
    const soon =
      this._state.status === "failed" &&
      (reconnectNow || (this._state.retryAt ?? Infinity) < Date.now() + SOON);
    this.flush();
    this._post(soon ? { status: "connecting" } : this._state, {
      to: from,
      after: lastEventId,
      missed: (lastEventId && history.after(lastEventId)) || null,
    });
    if (reconnectNow && this._state.status === "failed") this._host?.request.source.reconnect();
  }

  /** Relays the events of this task. */
  flush(): void {
    const events = this._outbox;
    if (!events.length) return;
    this._outbox = [];
    this._member.post({ kind: "events", from: this._member.id, origin: this._origin, events });
  }

  private _setState(state: LeaderState): void {
    this._state = state;
    this.flush();
    this._post(state);
  }

  private _post(state: LeaderState, answer?: Answer): void {
    const { id, history, names } = this._member;
    const { lastEventId } = history;
    this._member.post({
      kind: "state",
      from: id,
      state,
      lastEventId,
      origin: this._origin,
      names: [...names],
      ...(answer && { answer }),
    });
  }
}
