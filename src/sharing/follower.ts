import { ConnectionError } from "../errors.ts";
import type { OpenDetails } from "../transport/transport.ts";
import { CatchUp } from "./catch-up.ts";
import type { MemberHost, Membership } from "./membership.ts";
import type { LeaderMessage, StateMessage } from "./messages.ts";
import { reconcile } from "./reconcile.ts";
import type { RelayedEvent } from "./relayed.ts";

/** A member that delivers what the leader relays, for the length of one connection. */
export class Follower {
  /** When the leader reconnects, in milliseconds since the epoch; 0 if unknown. */
  retryAt = 0;
  private readonly _member: Membership;
  private readonly _host: MemberHost;
  private _origin = "";
  /** The leader whose events we deliver. */
  private _leaderId = "";
  /** A leader that we do not follow and that made us say hello. */
  private _queriedLeaderId = "";
  /** Whether relayed events continue our history; until they do, they are pending. */
  private _isSynced = false;
  /**
   * The connection of the latest event: the leader's, an earlier one from its history, or our own.
   */
  private _connection: number | undefined;
  private _pending: RelayedEvent[] = [];
  /** Ids that a new leader will relay again, because we were ahead of it. */
  private _repeats: readonly string[] = [];
  private _catchUp: CatchUp | undefined;

  constructor(member: Membership, host: MemberHost, reconnectNow: boolean) {
    this._member = member;
    this._host = host;
    this._sayHello(reconnectNow);
  }

  receive(message: LeaderMessage): void {
    const { sink } = this._host;
    switch (message.kind) {
      case "activity":
        // A connection of our own has to show signs of life itself.
        if (!this._catchUp) sink.activity();
        break;
      case "retry":
        sink.retry(message.ms);
        break;
      case "events":
        if (!this._follows(message.from)) break;
        this._origin = message.origin;
        for (const event of message.events) this._receiveEvent(event);
        break;
      case "lastEventId":
        if (this._follows(message.from) && this._isSynced) this._moveTo(message.lastEventId);
        break;
      case "state":
        this._onState(message);
    }
  }

  /**
   * Ends a catch-up, and forgets pending events: the server or the next leader will send them
   * again.
   */
  stop(): void {
    this._catchUp?.stop();
    this._catchUp = undefined;
    this._pending = [];
  }

  private _sayHello(reconnectNow = false): void {
    const { id, history, names } = this._member;
    this._member.post({
      kind: "hello",
      from: id,
      lastEventId: history.lastEventId,
      names: [...names],
      reconnectNow,
    });
  }

  /**
   * Messages of two leaders may overtake each other: a message of an unknown one makes us ask who
   * is the leader now.
   */
  private _follows(from: string): boolean {
    if (from === this._leaderId) return true;
    if (from !== this._queriedLeaderId) this._sayHello();
    this._queriedLeaderId = from;
    return false;
  }

  private _onState({ from, state, lastEventId, origin, names, answer }: StateMessage): void {
    // A new leader does not know the names of a hello that was sent before it existed.
    const missing = this._member.names.notIn(names);
    if (missing.length) this._member.post({ kind: "names", names: missing });
    if (answer && answer.to !== this._member.id) return;

    if (from !== this._leaderId) {
      this._leaderId = from;
      this._isSynced = false;
      this.stop();
    }
    switch (state.status) {
      case "connecting":
        break;
      case "open":
        this._origin = origin;
        this._open(state.connection, {
          status: state.code,
          headers: new Headers([...state.headers]),
        });
        // A listener may have closed the source.
        if (this._member.left.aborted) return;
        if (!this._isSynced && !this._catchUp) this._sync(lastEventId, answer);
        break;
      case "failed": {
        const { message, error, retryAt } = state;
        this.retryAt = retryAt ?? 0;
        this._fail(
          new ConnectionError(message, {
            ...error,
            retryIn: retryAt && Math.max(0, retryAt - Date.now()),
          }),
        );
      }
    }
  }

  /**
   * Says that another connection begins or continues: its events may repeat those of the connection
   * before.
   */
  private _open(connection: number, details?: OpenDetails): void {
    if (connection === this._connection) return;
    this._connection = connection;
    this._host.sink.open(details);
  }

  /**
   * Joins the leader's sequence of events, of which the leader has everything up to `lastEventId`.
   */
  private _sync(lastEventId: string, answer: StateMessage["answer"]): void {
    const plan = reconcile(this._member.history, lastEventId, answer);
    // The leader relayed these before it sent its state, which therefore covers them.
    this._pending = [];
    this._repeats = plan.action === "continue" ? plan.repeats : [];
    switch (plan.action) {
      case "ask":
        this._sayHello();
        return;
      case "catchUp":
        this._startCatchUp(lastEventId);
        return;
      case "replay":
        for (const event of plan.missed) this._deliver(event);
        this._moveTo(lastEventId);
        break;
      case "start":
        this._moveTo(lastEventId);
        break;
      case "continue":
    }
    this._isSynced = true;
  }

  private _receiveEvent(event: RelayedEvent): void {
    if (!this._isSynced) {
      this._pending.push(event);
      // Our own connection delivered this event before the leader relayed it.
      if (this._catchUp && event.lastEventId === this._member.history.lastEventId)
        this._finishCatchUp(this._pending.length);
      return;
    }
    // The server does not repeat the ids that it skips here: it has forgotten them.
    const repeated = this._repeats.indexOf(event.lastEventId);
    this._repeats = repeated < 0 ? [] : this._repeats.slice(repeated + 1);
    if (repeated < 0) this._deliver(event);
  }

  private _deliver(event: RelayedEvent): void {
    this._open(event.connection);
    this._member.history.add(event);
    const { type, data, lastEventId, idInherited } = event;
    this._host.sink.event(type, data, { lastEventId, idInherited, origin: this._origin });
  }

  private _moveTo(lastEventId: string): void {
    this._member.history.moveTo(lastEventId);
    this._host.sink.lastEventId(lastEventId);
  }

  /**
   * Asks the server for what we miss, until both streams meet: at the id that the leader had, or at
   * a pending event.
   */
  private _startCatchUp(leaderId: string): void {
    this._catchUp = new CatchUp();
    this._catchUp.start(this._host, this._member.history.lastEventId, {
      deliver: (event) => this._deliver(event),
      moveTo: (lastEventId) => this._moveTo(lastEventId),
      reached: (lastEventId) => {
        const met = this._pending.findIndex((event) => event.lastEventId === lastEventId);
        if (lastEventId === leaderId || met >= 0) this._finishCatchUp(met + 1);
      },
      failed: (error) => this._fail(error),
    });
  }

  /** Our own connection has delivered the first `delivered` of the pending events. */
  private _finishCatchUp(delivered: number): void {
    const rest = this._pending.slice(delivered);
    this.stop();
    this._isSynced = true;
    for (const event of rest) this._receiveEvent(event);
  }

  private _fail(error: unknown): void {
    this._member.leave();
    this._host.reject(error);
  }
}
