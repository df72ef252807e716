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
 * If a source reconnects earlier than this (ms) before its time, the application called
 * `reconnect()`: timers never fire early.
 */
const EARLY = 100;
/**
 * A leader that gives up keeps the lock this long (ms). Otherwise a follower could get the lock
 * before the leader's last message, and connect.
 */
const LAST_WORD = 500;

/**
 * One source's part in a shared connection, until the source closes or pauses. With a connection it
 * has a role: election.ts makes it a follower, which delivers what the leader relays, until it
 * takes over as the leader. While the source waits or after it gave up, a follower has no role, and
 * only listens for a reason to reconnect.
 *
 * No events are lost or duplicated, because each member knows its last event ID and keeps the
 * latest events. After each change of the leader, a follower compares both; the events that it
 * misses come from the leader's history or, if that does not reach back far enough, from the
 * server. Repeats that the server sends are left to `dedupe`, as without sharing: each event says
 * which connection delivered it.
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
  /** True if the source connects without a call of `reconnect()` by the application. */
  private _reconnectsOnItsOwn = true;
  /** True if the source waits because the leader does. */
  private _waitsWithLeader = false;
  private _lastWord: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param name The name of the lock and of the channel.
   * @param request The source's first request.
   * @param history The events that the source has received.
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

  /** The source's next connection. */
  connect(call: TransportCall): void {
    const { signal } = call.request;
    // If neither a wait ended nor another tab sent a message, the application called `reconnect()`.
    const reconnectNow =
      !this._reconnectsOnItsOwn && (this._retryAt ?? Infinity) > Date.now() + EARLY;
    this._call = call;
    this._reconnectsOnItsOwn = this.isUnrepeatable = false;
    this._endRest();
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
    clearTimeout(this._lastWord);
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
    // Closed or paused, it takes no part. But after a normal end a leader has to tell the others.
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
      this._lastWord = setTimeout(
        () => (error ? this._election.resign() : this.leave()),
        LAST_WORD,
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
    // The previous leader, which does not know yet that it was replaced.
    if (message.term < this.term) return;
    this.term = message.term;
    const { follower } = this._election;
    if (follower) follower.receive(message);
    // Sources that gave up reconnect only if somebody calls `reconnect()`: the application may have
    // replaced them.
    else if (this._waitsWithLeader && isConnecting(message)) this._wake();
  }

  /** Reconnects a source that waits or gave up, because a source in another tab reconnects. */
  private _wake(): void {
    // A leader with neither a wait nor a connection is waiting for `backoff.retry`: wake it, too.
    if (this._retryAt === undefined && !this._leader) return;
    this._endRest();
    this._reconnectsOnItsOwn = true;
    this._source.reconnect();
  }

  private _endRest(): void {
    clearTimeout(this._lastWord);
    // After giving up, a leader joins like everybody else: its hello wakes the others.
    if (this._retryAt === Infinity) this._election.resign();
    this._retryAt = undefined;
  }
}

/** Returns true if a leader says, without being asked, that it connects. */
function isConnecting(message: LeaderMessage): boolean {
  return message.kind === "state" && !message.answer && message.state.status !== "failed";
}
