import { ConnectionError } from "../errors.ts";
import { aborted } from "../util/sleep.ts";
import { Follower } from "./follower.ts";
import { Leader } from "./leader.ts";
import type { Membership, TransportCall } from "./membership.ts";

/** The member that an election gives a role to. */
export interface Candidate extends Membership {
  /** The name of the lock. */
  readonly name: string;
  term: number;
  /** Called when another member has taken the lock, because our page did not answer. */
  deposed(): void;
  /** Leaves the shared connection for good. */
  leave(): void;
}

/**
 * Decides the role of one member. The member is a follower while it queues for the lock, and takes
 * over as the leader when it gets the lock. The browser frees the lock of a page that closes or
 * crashes; a follower steals it from a page that hangs, which hang-detector.ts finds out.
 */
export class Election {
  /** The member's part as a follower. At most one of the two parts exists. */
  follower: Follower | undefined;
  /** The member's part as the leader. */
  leader: Leader | undefined;
  private readonly _candidate: Candidate;
  /** Withdraws the latest request for the lock, or gives back the lock that it got. */
  private _lockRequest: AbortController | undefined;

  constructor(candidate: Candidate) {
    this._candidate = candidate;
  }

  /** Makes the member a follower, and queues for the lock. */
  follow(call: TransportCall, reconnectNow: boolean): void {
    const { _candidate: candidate } = this;
    call.sink.role?.("follower");
    const replaceLeader = (): void => {
      // A request that must not be sent again may still be answered.
      if (!candidate.isUnrepeatable) this._requestLock(call, true);
    };
    const host = { ...call, lock: candidate.name, replaceLeader };
    this.follower = new Follower(candidate, host, reconnectNow);
    this._requestLock(call);
  }

  /** Ends the role, and gives back the lock or the place in the queue. */
  resign(): void {
    this.follower?.stop();
    this.leader?.disconnect();
    this.follower = this.leader = undefined;
    this._lockRequest?.abort();
  }

  /**
   * Queues for the lock; with `steal`, takes it from a leader that hangs. An earlier request of
   * this member is withdrawn.
   */
  private _requestLock(call: TransportCall, steal = false): void {
    this._lockRequest?.abort();
    const { signal } = (this._lockRequest = new AbortController());
    const hold = (): Promise<void> | undefined => {
      if (signal.aborted) return;
      this._takeOver(call);
      return aborted(signal);
    };
    const request = async (): Promise<unknown> =>
      // `signal` and `steal` are mutually exclusive.
      navigator.locks.request(this._candidate.name, steal ? { steal } : { signal }, hold);
    request().catch((error: unknown) => {
      if (signal.aborted) return;
      // Our lock was stolen, our own attempt to steal it failed, or the browser denies locks.
      if (this.leader) this._stepDown();
      else if (steal) this._requestLock(call);
      else this._connectAlone(call, error);
    });
  }

  private _takeOver(call: TransportCall): void {
    const { _candidate: candidate } = this;
    this.follower?.stop();
    this.follower = undefined;
    this.leader = new Leader(candidate);
    candidate.term = this.leader.term;
    call.sink.role?.("leader");
    if (candidate.isUnrepeatable) {
      const message = "the tab that sent the request has gone";
      this.leader.reject(call, new ConnectionError(message, { reason: "network" }));
    } else this.leader.connect(call);
  }

  /** Ends the role of the leader, because another member stole the lock. */
  private _stepDown(): void {
    this.leader?.disconnect();
    this.leader = undefined;
    this._candidate.deposed();
  }

  /** Connects without sharing, because the browser denies locks. */
  private _connectAlone({ sink, connectAlone }: TransportCall, cause: unknown): void {
    this._candidate.leave();
    sink.role?.(undefined);
    connectAlone(cause);
  }
}
