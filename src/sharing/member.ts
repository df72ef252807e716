import type { ConnectionState } from "../connection/state.ts";
import type { SourceHandle, TransportRequest } from "../transport/transport.ts";
import { Election, type Candidate } from "./election.ts";
import type { History } from "./history.ts";
import type { TransportCall } from "./membership.ts";
import type { Leader } from "./leader.ts";
import { isMessage } from "./message-checks.ts";
import type { LeaderMessage, Message } from "./messages.ts";
import { SharedNames } from "./names.ts";
import { uniqueId } from "./relayed.ts";

/**
 * The application called `reconnect()` if a source reconnects more than this (ms) before its wait
 * ends: timers never fire early.
 */
const EARLY_BY = 100;
/**
 * A leader that gives up keeps the lock this long (ms). Otherwise a follower could get the lock
 * before the leader's last message, and connect.
 */
const RESIGN_AFTER = 500;

/**
 * One source's part in a shared connection, until the source closes or pauses. With a connection it
 * has a role: election.ts makes it a follower, which delivers what the leader relays, until it
 * takes over as the leader. While the source waits or after it gave up, a member that is not the
 * leader has no role, and only listens for a reason to reconnect.
 *
 * No events are lost or duplicated, because each member knows its last event ID and keeps the
 * latest events. After each change of the leader, a follower compares its own events with the
 * leader's. Those that it misses come from the leader's history or, if that does not reach back far
 * enough, from the server. Events that the server repeats are left to `dedupe`, as without sharing:
 * each relayed event names its connection.
 */
export class Member implements Candidate {
  readonly id = uniqueId();
  readonly names: SharedNames;
  term = 0;
  isUnrepeatable = false;
  private readonly _leaving = new AbortController();
  private readonly _channel: BroadcastChannel;
  private readonly _source: SourceHandle;
  private readonly _election = new Election(this);
  private _call: TransportCall | undefined;
  /**
   * When the source's wait ends; Infinity after it gave up; undefined while it has a connection.
   */
  private _retryAt: number | undefined;
  /** True if the source connects without the application having called `reconnect()`. */
  private _reconnectsOnItsOwn = true;
  /** True if the source reconnects as soon as another leader connects. */
  private _waitsWithLeader = false;
  private _resignTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param name The name of the lock and of the channel.
   * @param request The source's first request.
   * @param history The events that the source has received.
   * @param stickyNames The event names whose latest event a source that joins is given.
   * @throws DOMException if the browser denies the channel
   */
  constructor(
    readonly name: string,
    { source, names }: TransportRequest,
    readonly history: History,
    stickyNames: readonly string[],
  ) {
    this._source = source;
    this._channel = new BroadcastChannel(name);
    this._channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isMessage(data)) this._receive(data);
    };
    const { signal } = this._leaving;
    this.names = new SharedNames(
      names,
      (added) => this.post({ kind: "names", names: [added] }),
      signal,
    );
    this.names.add(stickyNames);
    const stopObserving = source.onState((state) => {
      this._onState(state);
    });
    const stopDraining = source.onDrain((within) => {
      if (!this._leader) this.post({ kind: "drain", within });
    });
    signal.addEventListener("abort", () => {
      stopObserving();
      stopDraining();
    });
  }

  private get _leader(): Leader | undefined {
    return this._election.leader;
  }

  get hasLeft(): boolean {
    return this._leaving.signal.aborted;
  }

  /** Makes the source's next connection. */
  connect(call: TransportCall): void {
    const { signal } = call.request;
    // If neither a wait ended nor another tab sent a message, the application called `reconnect()`.
    const reconnectNow =
      !this._reconnectsOnItsOwn && (this._retryAt ?? Infinity) > Date.now() + EARLY_BY;
    this._call = call;
    this._reconnectsOnItsOwn = this.isUnrepeatable = false;
    this._endWait();
    signal.addEventListener("abort", () => {
      if (!this._leader) this._election.resign();
      call.resolve();
    });
    if (this._leader) this._leader.connect(call);
    else this._election.follow(call, reconnectNow);
  }

  post(message: Message): void {
    if (!this.hasLeft) this._channel.postMessage(message);
  }

  leave(): void {
    clearTimeout(this._resignTimer);
    this._election.resign();
    this._leaving.abort();
    this._channel.close();
  }

  deposed(): void {
    this._waitsWithLeader = true;
    if (this._retryAt === undefined && this._call) this._election.follow(this._call, false);
  }

  private _onState(state: ConnectionState): void {
    if (state.status === "connecting" || state.status === "open") return;
    const error = "error" in state ? state.error : undefined;
    // Offline, a source goes on with its attempts.
    const retryAt = "retryAt" in state ? state.retryAt : undefined;
    // A source that is closed or paused leaves, but not a leader after a normal end: it has to tell
    // the others first.
    if (
      !error &&
      retryAt === undefined &&
      (this._retryAt === Infinity || !this._leader?.hasEnded)
    ) {
      this.leave();
      return;
    }
    this._retryAt = retryAt ?? Infinity;
    if (error) this._waitsWithLeader = error.retryIn !== undefined && retryAt !== undefined;
    if (!this._leader) return;
    // A leader that waits keeps the lock, so that nobody else connects.
    this._leader.fail(error, retryAt);
    if (retryAt === undefined)
      this._resignTimer = setTimeout(
        () => (error ? this._election.resign() : this.leave()),
        RESIGN_AFTER,
      );
  }

  private _receive(message: Message): void {
    switch (message.kind) {
      case "names":
        this.names.add(message.names);
        break;
      case "hello":
        this.names.add(message.names);
        this._leader?.answerHello(message);
        if (message.reconnectNow && !this._leader?.isConnected) this._wake();
        break;
      case "ping":
        this._leader?.answerPing();
        break;
      case "drain":
        if (this._leader) this._source.reconnect({ within: message.within });
        break;
      default:
        if (!this._leader) this._receiveFromLeader(message);
    }
  }

  private _receiveFromLeader(message: LeaderMessage): void {
    // From the previous leader, which does not know yet that it was replaced.
    if (message.term < this.term) return;
    this.term = message.term;
    const { follower } = this._election;
    if (follower) follower.receive(message);
    // Sources that gave up reconnect only if somebody calls `reconnect()`: the application may use
    // another source by now.
    else if (this._waitsWithLeader && isConnecting(message)) this._wake();
  }

  /** Reconnects a source that waits or gave up, because a source in another tab reconnects. */
  private _wake(): void {
    // A leader without a wait may be waiting for the answer of `backoff.retry`: wake it, too.
    if (this._retryAt === undefined && !this._leader) return;
    this._endWait();
    this._reconnectsOnItsOwn = true;
    this._source.reconnect();
  }

  private _endWait(): void {
    clearTimeout(this._resignTimer);
    // After giving up, a leader joins like everybody else: its hello wakes the others.
    if (this._retryAt === Infinity) this._election.resign();
    this._retryAt = undefined;
  }
}

/** Returns true if a leader says, without being asked, that it is connecting. */
function isConnecting(message: LeaderMessage): boolean {
  return message.kind === "state" && !message.answer && message.state.status !== "failed";
}
