import { Follower } from "./follower.ts";
import { History } from "./history.ts";
import { Leader } from "./leader.ts";
import type { MemberHost, Membership } from "./membership.ts";
import type { Message } from "./messages.ts";
import { SharedNames } from "./names.ts";

/**
 * One source's part in a shared connection: a follower, which hears what the leader relays, until it gets the lock; then the leader.
 *
 * Nothing is lost and nothing comes twice, because each member knows the id it has, and keeps the latest events: after every change of the leader they
 * are compared, and what one is behind comes from the leader's history or, when that does not reach back, from the server.
 * What a server repeats by itself, `dedupe` drops as everywhere: each event says which connection brought it.
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

  /**
   * @param name Of the lock and of the channel.
   * @param reconnectNow Whether a leader that waits shall connect now.
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
    this._channel.onmessage = ({ data }: MessageEvent<Message>) => this._hear(data);
    request.signal.addEventListener("abort", () => {
      // A leader stays one until it rests: perhaps it only reconnects.
      if (!this._leader) this.leave();
      resolve();
    });
    const stopObserving = request.source.onState((state) => {
      this._leader?.onState(state);
      // While it waits it stays the leader, so that nobody else tries.
      if (state.status === "paused" || state.status === "closed") this.leave();
    });
    this.left.addEventListener("abort", stopObserving);
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
        // There are no locks here, as in a sandboxed frame: everybody holds a connection.
        if (!this._leader) takeOver();
      });
  }

  /** The leader's next connection. */
  connectAgain(host: MemberHost): void {
    this._leader?.connect(host);
  }

  /** When the leader that this member followed connects again, in milliseconds since the epoch; 0: unknown. */
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

  private _hear(message: Message): void {
    if (this.left.aborted) return;
    switch (message.kind) {
      case "names":
        this.names.add(message.names);
        break;
      case "hello":
        this.names.add(message.names);
        this._leader?.answerHello(message);
        break;
      default:
        if (!this._leader) this._follower.hear(message);
    }
  }
}
