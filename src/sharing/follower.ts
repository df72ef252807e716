import { ConnectionError } from "../errors.ts";
import type { OpenDetails } from "../transport/transport.ts";
import { LONGEST_DELAY } from "../util/sleep.ts";
import { CatchUp } from "./catch-up.ts";
import { LeaderWatch } from "./leader-watch.ts";
import type { MemberHost, Membership } from "./membership.ts";
import type { Answer, LeaderMessage, LeaderState, StateMessage } from "./messages.ts";
import { reconcile } from "./reconcile.ts";
import { sizeOf, type RelayedEvent } from "./relayed.ts";

/** The most characters of events, plus some for each, that wait until the follower is in sync. */
const PENDING_LIMIT = 2 ** 23;
const EVENT_OVERHEAD = 100;
/** A hello that was not answered for so long (ms) is repeated when the leader shows life. */
const HELLO_AGAIN = 1000;
/** The shortest wait that a leader can impose (ms). */
const SHORTEST_WAIT = 100;

/** What a follower needs from its member in addition. */
export interface FollowerHost extends MemberHost {
  /** The name of the lock. */
  readonly lock: string;
  /** The leader does not answer. */
  replaceLeader(): void;
}

/** A member that delivers what the leader relays, for the length of one connection. */
export class Follower {
  private readonly _member: Membership;
  private readonly _host: FollowerHost;
  private readonly _watch: LeaderWatch;
  private _isStopped = false;
  /** The leader whose events we deliver. */
  private _leaderId = "";
  /** The number of the leader's next message. */
  private _nextNumber = 0;
  private _saidHelloAt = 0;
  /** Whether relayed events continue our history; until they do, they are pending. */
  private _isSynced = false;
  /** The connection of the latest event: the leader's, an earlier one, or our own. */
  private _connection: number | undefined;
  private _pending: RelayedEvent[] = [];
  private _pendingSize = 0;
  /** Ids that a new leader will relay again, because we were ahead of it. */
  private _repeats: readonly string[] = [];
  private _sticky: readonly RelayedEvent[] = [];
  private _catchUp: CatchUp | undefined;

  constructor(member: Membership, host: FollowerHost, reconnectNow: boolean) {
    this._member = member;
    this._host = host;
    this._watch = new LeaderWatch({
      lock: host.lock,
      ask: () => member.post({ kind: "ping" }),
      replaceLeader: () => host.replaceLeader(),
    });
    this._sayHello(reconnectNow);
  }

  receive(message: LeaderMessage): void {
    const { sink } = this._host;
    this._watch.markAlive();
    const isKnown = message.from === this._leaderId;
    if (isKnown && message.number !== this._nextNumber) {
      // We missed a message, perhaps with events.
      this._unsync();
      this._saidHelloAt = -Infinity;
    }
    this._nextNumber = message.number + 1;
    if (message.kind === "state") {
      this._onState(message);
      return;
    }
    // A new leader starts with its state, and answers our hello with it. If we missed the state, or
    // the leader the hello, it is time for another one.
    if (
      !(isKnown && (this._isSynced || this._catchUp)) &&
      performance.now() - this._saidHelloAt > HELLO_AGAIN
    )
      this._sayHello();
    if (!isKnown) return;
    switch (message.kind) {
      case "activity":
        sink.activity();
        break;
      case "retry":
        sink.retry(message.ms);
        break;
      case "events":
        for (const event of message.events) this._receiveEvent(event);
        break;
      case "lastEventId":
        if (this._isSynced) this._moveTo(message.lastEventId);
        break;
      case "pong":
    }
  }

  /** Ends it. Pending events are forgotten: the server or the next leader will send them again. */
  stop(): void {
    this._isStopped = true;
    this._watch.stop();
    this._unsync();
  }

  private _unsync(): void {
    this._isSynced = false;
    this._catchUp?.stop();
    this._catchUp = undefined;
    this._pending = [];
    this._pendingSize = 0;
  }

  private _sayHello(reconnectNow = false): void {
    const { id, history, names } = this._member;
    this._saidHelloAt = performance.now();
    this._member.post({
      kind: "hello",
      from: id,
      lastEventId: history.lastEventId,
      names: [...names],
      reconnectNow,
    });
  }

  private _onState({ from, state, lastEventId, names, answer }: StateMessage): void {
    // A new leader does not know the names of a hello that was sent before it existed.
    const missing = this._member.names.notIn(names);
    if (missing.length) this._member.post({ kind: "names", names: missing });
    if (answer && answer.to !== this._member.id) return;

    if (from !== this._leaderId) {
      this._leaderId = from;
      this._unsync();
    }
    if (answer) this._sticky = answer.sticky;
    this._member.isUnrepeatable = state.isUnrepeatable;
    if (state.isUnrepeatable) this._host.sink.unrepeatable?.();
    switch (state.status) {
      case "connecting":
        break;
      case "open":
        this._open({
          status: state.code,
          headers: new Headers([...state.headers]),
          connection: state.connection,
        });
        // A listener may have closed the source.
        if (this._isStopped) return;
        if (!this._isSynced && !this._catchUp) this._sync(lastEventId, answer);
        break;
      case "failed":
        this._fail(toError(state));
    }
  }

  /** Another connection begins or continues: its events may repeat those of the one before. */
  private _open(details: OpenDetails): void {
    if (details.connection === this._connection) return;
    this._connection = details.connection;
    this._host.sink.open(details);
  }

  /** Joins the leader's sequence of events; the leader has everything up to `lastEventId`. */
  private _sync(lastEventId: string, answer: Answer | undefined): void {
    const { history } = this._member;
    const plan = reconcile(history, lastEventId, answer);
    // The leader relayed these before it sent its state, which therefore covers them.
    this._unsync();
    this._repeats = plan.action === "continue" ? plan.repeats : [];
    switch (plan.action) {
      case "ask":
        this._sayHello();
        return;
      case "catchUp":
        this._startCatchUp(lastEventId);
        return;
      case "continue":
        if (this._deliverSticky()) this._moveTo(history.lastEventId);
        break;
      case "replay":
        this._deliverSticky();
        // Where the server has repeated ids, one id does not say how far both have come.
        for (const event of plan.missed) if (!history.has(event)) this._deliver(event);
        this._moveTo(lastEventId);
        break;
      case "start":
        this._deliverSticky();
        this._moveTo(lastEventId);
    }
    this._isSynced = true;
  }

  /** Delivers sticky events that this source has not had; they are older than its last id. */
  private _deliverSticky(): boolean {
    let isAny = false;
    for (const event of this._sticky) {
      if (this._isStopped || !this._member.history.keepSticky(event)) continue;
      isAny = true;
      this._dispatch(event);
    }
    this._sticky = [];
    return isAny;
  }

  private _receiveEvent(event: RelayedEvent): void {
    if (!this._isSynced) {
      this._addPending(event);
      return;
    }
    // The server does not repeat the ids that it skips here: it has forgotten them.
    const repeated = this._repeats.indexOf(event.lastEventId);
    this._repeats = repeated < 0 ? [] : this._repeats.slice(repeated + 1);
    if (repeated < 0) this._deliver(event);
  }

  private _addPending(event: RelayedEvent): void {
    this._pending.push(event);
    this._pendingSize += sizeOf(event) + EVENT_OVERHEAD;
    // Our own connection delivered this event before the leader relayed it.
    if (this._catchUp && event.lastEventId === this._member.history.lastEventId)
      this._finishCatchUp(this._pending.length);
    else if (this._pendingSize > PENDING_LIMIT)
      this._fail(
        new ConnectionError("catching up: too many events meanwhile", { reason: "timeout" }),
      );
  }

  private _deliver(event: RelayedEvent): void {
    // A listener of the event before may have closed or reconnected the source.
    if (this._isStopped) return;
    this._member.history.add(event);
    this._dispatch(event);
  }

  private _dispatch({ type, data, connection, ...meta }: RelayedEvent): void {
    if (this._isStopped) return;
    this._open({ connection });
    this._host.sink.event(type, data, meta);
  }

  private _moveTo(lastEventId: string): void {
    if (this._isStopped) return;
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

  private _fail(error: unknown): void {
    this.stop();
    this._host.reject(error);
  }

  /** Our own connection has delivered the first `delivered` of the pending events. */
  private _finishCatchUp(delivered: number): void {
    const rest = this._pending.slice(delivered);
    this._unsync();
    this._isSynced = true;
    for (const event of rest) this._receiveEvent(event);
  }
}

/** The leader's error, and its decision about it: when to retry, or not to (Infinity). */
function toError({ error, retryAt }: Extract<LeaderState, { status: "failed" }>): ConnectionError {
  const { message, reason, status, retryAfter } = error;
  const wait = (retryAt ?? Infinity) - Date.now();
  return new ConnectionError(message, {
    reason,
    status,
    retryAfter,
    retryIn: wait < Infinity ? Math.min(Math.max(wait, SHORTEST_WAIT), LONGEST_DELAY) : wait,
  });
}
