import { ConnectionError, isNormalEnd } from "../errors.ts";
import { callTransport } from "../transport/call-transport.ts";
import type { Sink } from "../transport/transport.ts";
import type { Membership, TransportCall } from "./membership.ts";
import type { Answer, HelloMessage, LeaderBody, LeaderState } from "./messages.ts";
import { RelayedConnection, uniqueId, type RelayedEvent } from "./relayed.ts";

/** The least time between two `activity` messages (ms). */
const ACTIVITY_INTERVAL = 500;
/** A leader that reconnects within this time (ms) tells new followers that it is connecting. */
const SOON = 1000;

/**
 * The member that has the connection and relays its events, from one connection to the next, while
 * it holds the lock.
 */
export class Leader {
  /** Later leaders have higher terms, even if they know of no earlier one: clocks go forward. */
  readonly term: number;
  private readonly _id = uniqueId();
  private readonly _member: Membership;
  /** Ends the current connection; undefined while there is none. */
  private _connection: AbortController | undefined;
  private _state: LeaderState;
  private _outbox: RelayedEvent[] = [];
  private _lastActivity = 0;
  private _posted = 0;
  /** How the latest connection ended. */
  private _error: unknown;

  constructor(member: Membership) {
    this._member = member;
    this._state = this._connecting();
    this.term = Math.max(Date.now(), member.term + 1);
  }

  /** True if the latest connection ended normally. Followers must be told of such an end. */
  get hasEnded(): boolean {
    const { _error: error } = this;
    return error instanceof ConnectionError && isNormalEnd(error, this._member.isUnrepeatable);
  }

  get isConnected(): boolean {
    return !!this._connection;
  }

  connect(host: TransportCall): void {
    const { inner, request, resolve } = host;
    if (request.signal.aborted) return;
    const connection = new AbortController();
    const { signal } = connection;
    this._connection = connection;
    this._error = undefined;
    this._member.isUnrepeatable = false;
    this._setState(this._connecting());

    const end = (settle: () => void): void => {
      if (signal.aborted) return;
      this.disconnect();
      settle();
    };
    request.signal.addEventListener("abort", () => {
      end(resolve);
    });
    const { history, names } = this._member;
    const { lastEventId } = history;
    callTransport(
      inner,
      { ...request, lastEventId, names, signal },
      this._relay(host, signal),
    ).then(
      () => {
        end(() => {
          this._error = new ConnectionError("the server ended the stream", { reason: "ended" });
          resolve();
        });
      },
      (error: unknown) => {
        end(() => this.reject(host, error));
      },
    );
  }

  /** Ends the source's connection with an error, about which the source decides. */
  reject({ reject }: TransportCall, error: unknown): void {
    this._error = error;
    reject(error);
  }

  /**
   * Tells the followers that the source waits until `retryAt`, or has given up.
   *
   * @param error The reason; undefined after a normal end, and while the device is offline, when
   * errors are not published.
   */
  fail(error: ConnectionError | undefined, retryAt: number | undefined): void {
    const known = error ?? this._error;
    if (!(known instanceof ConnectionError)) return;
    const { message, reason, status, retryAfter } = known;
    // Headers, bodies and causes stay here: they cannot be cloned, or are nobody else's business.
    this._setState({
      status: "failed",
      error: { message, reason, status, retryAfter },
      retryAt,
      isUnrepeatable: this._member.isUnrepeatable,
    });
  }

  /** Answers a member that joins, or cannot tell how our events continue its own. */
  answerHello({ from, lastEventId, reconnectNow }: HelloMessage): void {
    const { history } = this._member;
    // A leader that gave up will soon release the lock. "connecting" makes the new member wait.
    const isSoon =
      this._state.status === "failed" &&
      (reconnectNow || (this._state.retryAt ?? 0) < Date.now() + SOON);
    const missed = (lastEventId && history.after(lastEventId)) || null;
    this.flush();
    this._postState(isSoon ? { status: "connecting", isUnrepeatable: false } : this._state, {
      to: from,
      after: lastEventId,
      missed,
      sticky: history.sticky.filter((event) => !missed?.includes(event)),
    });
  }

  /** Answers a member that asks whether this leader is alive. */
  answerPing(): void {
    this._post({ kind: "pong" });
  }

  /** Relays the events of this task. */
  flush(): void {
    const events = this._outbox;
    if (!events.length) return;
    this._outbox = [];
    this._post({ kind: "events", events });
  }

  /** Ends the connection. Until the source says what comes next, new members are to wait. */
  disconnect(): void {
    this.flush();
    this._state = this._connecting();
    this._connection?.abort();
    this._connection = undefined;
  }

  private _connecting(): LeaderState {
    return { status: "connecting", isUnrepeatable: this._member.isUnrepeatable };
  }

  /**
   * The sink of one connection, which delivers here and in the other tabs until `signal` aborts.
   * Long, but a list: one entry for each method of a sink.
   */
  private _relay({ sink }: TransportCall, signal: AbortSignal): Sink {
    const { history } = this._member;
    const connection = new RelayedConnection();
    return {
      answered: () => sink.answered?.(),
      open: (details = {}) => {
        if (signal.aborted) return;
        sink.open({ ...details, connection: connection.id });
        // A listener may have closed or replaced the connection.
        if (signal.aborted) return;
        this._setState({
          status: "open",
          code: details.status,
          headers: [...(details.headers ?? [])],
          connection: connection.id,
          isUnrepeatable: this._member.isUnrepeatable,
        });
      },
      unrepeatable: () => {
        if (signal.aborted) return;
        this._member.isUnrepeatable = true;
        this._setState(this._connecting());
        sink.unrepeatable?.();
      },
      event: (type, data, meta) => {
        if (signal.aborted) return;
        const event = connection.event(type, data, meta);
        history.add(event);
        if (this._outbox.push(event) === 1) queueMicrotask(() => this.flush());
        sink.event(type, data, meta);
      },
      lastEventId: (lastEventId, origin) => {
        if (signal.aborted) return;
        if (lastEventId !== history.lastEventId) {
          history.moveTo(lastEventId);
          this.flush();
          this._post({ kind: "lastEventId", lastEventId });
        }
        sink.lastEventId(lastEventId, origin);
      },
      activity: () => {
        if (signal.aborted) return;
        const now = performance.now();
        if (now - this._lastActivity > ACTIVITY_INTERVAL) {
          this._lastActivity = now;
          this._post({ kind: "activity" });
        }
        sink.activity();
      },
      retry: (ms) => {
        if (signal.aborted) return;
        this._post({ kind: "retry", ms });
        sink.retry(ms);
      },
    };
  }

  private _setState(state: LeaderState): void {
    this._state = state;
    this.flush();
    this._postState(state);
  }

  private _postState(state: LeaderState, answer?: Answer): void {
    const { history, names } = this._member;
    this._post({
      kind: "state",
      state,
      lastEventId: history.lastEventId,
      names: [...names],
      answer,
    });
  }

  private _post(body: LeaderBody): void {
    this._member.post({ ...body, from: this._id, term: this.term, number: this._posted++ });
  }
}
