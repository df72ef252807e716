import { ConnectionError } from "../errors.ts";
import type { OpenDetails } from "../transport/transport.ts";
import { CatchUp, type CatchUpRequest } from "./catch-up.ts";
import type { History } from "./history.ts";
import type { Answer } from "./messages.ts";
import { reconcile } from "./reconcile.ts";
import { sizeOf, type RelayedEvent } from "./relayed.ts";

/** The maximum size of pending events: their characters, plus EVENT_OVERHEAD for each event. */
const PENDING_LIMIT = 2 ** 23;
const EVENT_OVERHEAD = 100;

/** The follower of a sequence, as far as the sequence needs it. */
export interface SequenceHost extends CatchUpRequest {
  /** The follower cannot go on; it calls `stop()`. */
  fail(error: unknown): void;
}

/**
 * The leader's sequence of events as one follower delivers it: how the follower joins it, from what
 * it has received before, and goes on with it.
 */
export class Sequence {
  private readonly _history: History;
  private readonly _host: SequenceHost;
  private _isStopped = false;
  /** True if relayed events continue our history; until they do, they are pending. */
  private _isSynced = false;
  /** The connection of the latest event: the leader's, an earlier one, or our own. */
  private _connection: number | undefined;
  private _pending: RelayedEvent[] = [];
  private _pendingSize = 0;
  /** Ids that a new leader will relay again, because we were ahead of it. */
  private _repeats: readonly string[] = [];
  private _sticky: readonly RelayedEvent[] = [];
  private _catchUp: CatchUp | undefined;

  constructor(history: History, host: SequenceHost) {
    this._history = history;
    this._host = host;
  }

  /** True if it is in sync, or will be without help of the leader. */
  get isJoined(): boolean {
    return this._isSynced || !!this._catchUp;
  }

  /** Begins or continues a connection: its events may repeat those of the previous one. */
  open(details: OpenDetails): void {
    if (details.connection === this._connection) return;
    this._connection = details.connection;
    this._host.sink.open(details);
  }

  /** Holds the sticky events of an answer until `join`. */
  holdSticky(events: readonly RelayedEvent[]): void {
    this._sticky = events;
  }

  /**
   * Joins the sequence of a leader that has everything up to `lastEventId`. Returns false if that
   * takes another answer.
   */
  join(lastEventId: string, answer: Answer | undefined): boolean {
    // A listener may have closed the source.
    if (this._isStopped || this.isJoined) return true;
    const history = this._history;
    const plan = reconcile(history, lastEventId, answer);
    // Drop the pending events: the leader relayed them before its state, so that covers them.
    this.leave();
    this._repeats = plan.action === "continue" ? plan.repeats : [];
    switch (plan.action) {
      case "ask":
        return false;
      case "catchUp":
        this._startCatchUp(lastEventId);
        return true;
      case "continue":
        if (this._deliverSticky()) this._moveTo(history.lastEventId);
        break;
      case "replay":
        this._deliverSticky();
        // If the server reused an id, the id alone does not tell which events this follower has.
        for (const event of plan.missed) if (!history.has(event)) this._deliver(event);
        this._moveTo(lastEventId);
        break;
      case "start":
        this._deliverSticky();
        this._moveTo(lastEventId);
    }
    this._isSynced = true;
    return true;
  }

  /** Delivers an event that the leader relays, or keeps it until the follower is in sync. */
  receive(event: RelayedEvent): void {
    if (!this._isSynced) {
      this._addPending(event);
      return;
    }
    // The server may skip ids at the start of `_repeats`, because it no longer has their events.
    const repeated = this._repeats.indexOf(event.lastEventId);
    this._repeats = repeated < 0 ? [] : this._repeats.slice(repeated + 1);
    if (repeated < 0) this._deliver(event);
  }

  /** Adopts the leader's last event ID, which changed without an event. */
  moveTo(lastEventId: string): void {
    if (this._isSynced) this._moveTo(lastEventId);
  }

  /** Leaves the sequence: later events do not continue it (a new leader, or lost messages). */
  leave(): void {
    this._isSynced = false;
    this._catchUp?.stop();
    this._catchUp = undefined;
    this._pending = [];
    this._pendingSize = 0;
  }

  /** Ends it. Pending events are forgotten: the server or the next leader will send them again. */
  stop(): void {
    this._isStopped = true;
    this.leave();
  }

  /** Delivers sticky events that this source has not had; they are older than its last id. */
  private _deliverSticky(): boolean {
    let isAny = false;
    for (const event of this._sticky) {
      if (this._isStopped || !this._history.addSticky(event)) continue;
      isAny = true;
      this._dispatch(event);
    }
    this._sticky = [];
    return isAny;
  }

  private _addPending(event: RelayedEvent): void {
    this._pending.push(event);
    this._pendingSize += sizeOf(event) + EVENT_OVERHEAD;
    // Our own connection delivered this event before the leader relayed it.
    if (this._catchUp && event.lastEventId === this._history.lastEventId)
      this._finishCatchUp(this._pending.length);
    else if (this._pendingSize > PENDING_LIMIT)
      this._host.fail(
        new ConnectionError("catching up: too many events meanwhile", { reason: "timeout" }),
      );
  }

  private _deliver(event: RelayedEvent): void {
    // A listener of the previous event may have closed or reconnected the source.
    if (this._isStopped) return;
    this._history.add(event);
    this._dispatch(event);
  }

  private _dispatch({ type, data, connection, ...meta }: RelayedEvent): void {
    if (this._isStopped) return;
    this.open({ connection });
    this._host.sink.event(type, data, meta);
  }

  private _moveTo(lastEventId: string): void {
    if (this._isStopped) return;
    this._history.moveTo(lastEventId);
    this._host.sink.lastEventId(lastEventId);
  }

  /**
   * Asks the server for what we miss, until both streams meet: at the id that the leader had, or at
   * a pending event.
   */
  private _startCatchUp(leaderId: string): void {
    this._catchUp = new CatchUp();
    this._catchUp.start(this._host, this._history.lastEventId, {
      deliver: (event) => this._deliver(event),
      moveTo: (lastEventId) => this._moveTo(lastEventId),
      reached: (lastEventId) => {
        const met = this._pending.findIndex((event) => event.lastEventId === lastEventId);
        if (lastEventId === leaderId || met >= 0) this._finishCatchUp(met + 1);
      },
      failed: (error) => this._host.fail(error),
    });
  }

  /** Our own connection has delivered the first `delivered` of the pending events. */
  private _finishCatchUp(delivered: number): void {
    const rest = this._pending.slice(delivered);
    this.leave();
    this._isSynced = true;
    for (const event of rest) this.receive(event);
  }
}
