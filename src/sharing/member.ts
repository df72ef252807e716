import { Follower } from "./follower.ts";
import { History } from "./history.ts";
import { Leader } from "./leader.ts";
import type { MemberHost, Membership } from "./membership.ts";
import type { Message } from "./messages.ts";
import { SharedNames } from "./names.ts";

/**
 * One source's part in a shared connection: a follower, which delivers what the leader relays,
 * until it gets the lock; then the leader.
 *
 * No events are lost or duplicated, because each member knows its last event ID and keeps the
 * latest events. After each change of the leader, a follower compares both; the events that it
 * misses come from the leader's history or, if that does not reach back far enough, from the
 * server. Repeats that the server sends are left to `dedupe`, as without sharing: each event says
 * which connection delivered it.
 */
export class Member implements Membership {
  readonly id = String(crypto.getRandomValues(new Uint32Array(4)));
  readonly history: History;
  readonly names: SharedNames;
  readonly left: AbortSignal;
  private readonly _leaving = new AbortController();
  private readonly _channel: BroadcastChannel;
  private readonly _follower: Follower;
  private _leader: Leader | undefined;
  private readonly _drain: (within: number) => void;

  /**
   * @param name The name of the lock and of the channel.
   * @param reconnectNow Whether a leader that waits is asked to reconnect now.
   */
  constructor(
    readonly name: string,
    host: MemberHost,
    reconnectNow: boolean,
  ) {
    const { request, sink, resolve } = host;
    this.left = this._leaving.signal;
    this.history = new History(request.lastEventId);
    this.names = new SharedNames(
      request.names,
      (added) => this.post({ kind: "names", names: [added] }),
      this.left,
    );
    this._channel = new BroadcastChannel(name);
    this._channel.onmessage = ({ data }: MessageEvent<Message>) => this._receive(data);
    request.signal.addEventListener("abort", () => {
      // A leader stays the leader until it pauses or closes: it may only be reconnecting.
      if (!this._leader) this.leave();
      resolve();
    });
    const stopObserving = request.source.onState((state) => {
      this._leader?.onState(state);
      // While a leader waits, offline or not, it stays the leader, so that nobody else connects.
      if (state.status === "closed" || (state.status === "paused" && !state.retryAt)) this.leave();
    });
    const stopDraining = request.source.onDrain((within) => {
      if (!this._leader) this.post({ kind: "drain", within });
    });
    this._drain = (within) => {
      if (this._leader) request.source.reconnect({ within });
    };
    this.left.addEventListener("abort", () => {
      stopObserving();
      stopDraining();
    });
    this._follower = new Follower(this, host, reconnectNow);
    sink.role?.("follower");

    const takeOver = (): void => {
      if (this.left.aborted) return;
      this._follower.stop();
      this._leader = new Leader(this);
      sink.role?.("leader");
      this._leader.connect(host);
    };
    navigator.locks
      .request(name, { signal: this.left }, () => {
        takeOver();
        return new Promise<void>((resolve) => {
          if (this.left.aborted) resolve();
          this.left.addEventListener("abort", () => {
            resolve();
          });
        });
      })
      .catch(() => {
        // Locks are denied, for example in a sandboxed frame: every source has a connection of its
        // own.
        if (!this._leader) takeOver();
      });
  }

  /** Makes the leader's next connection. */
  connectAgain(host: MemberHost): void {
    this._leader?.connect(host);
  }

  /** When the leader reconnects, in milliseconds since the epoch; 0 if unknown. */
  get retryAt(): number {
    return this._follower.retryAt;
  }

  post(message: Message): void {
    if (!this.left.aborted) this._channel.postMessage(message);
  }

  leave(): void {
    this._follower.stop();
    this._leader?.flush();
    this._leaving.abort();
    this._channel.close();
  }

  private _receive(message: Message): void {
    if (this.left.aborted) return;
    switch (message.kind) {
      case "names":
        this.names.add(message.names);
        break;
      case "hello":
        this.names.add(message.names);
        this._leader?.answerHello(message);
        break;
      case "drain":
        this._drain(message.within);
        break;
      default:
        if (!this._leader) this._follower.receive(message);
    }
  }
}
