import { aborted } from "../util/sleep.ts";

/** The member that wants the lock. */
export interface LeaderLockHost {
  /** The lock is ours: the member is the leader. */
  acquired(): void;
  /** Another member stole the lock, since our page did not answer. */
  lost(): void;
  /** The browser denies locks. */
  denied(error: unknown): void;
}

/** The lock that makes a member the leader: first a place in the queue for it, then the lock. */
export class LeaderLock {
  /** Withdraws the latest request, or gives back the lock that it got. */
  private _abort: AbortController | undefined;

  /** @param name The name of the lock. */
  constructor(readonly name: string) {}

  /**
   * Queues for the lock; with `steal`, takes it from a leader that hangs. An earlier request of
   * this member is withdrawn.
   */
  request(host: LeaderLockHost, steal = false): void {
    this.release();
    const { signal } = (this._abort = new AbortController());
    let isHeld = false;
    const hold = (): Promise<void> | undefined => {
      if (signal.aborted) return;
      isHeld = true;
      host.acquired();
      return aborted(signal);
    };
    const request = async (): Promise<unknown> =>
      // `signal` and `steal` exclude each other.
      navigator.locks.request(this.name, steal ? { steal } : { signal }, hold);
    request().catch((error: unknown) => {
      if (signal.aborted) return;
      if (isHeld) host.lost();
      else if (steal) this.request(host);
      else host.denied(error);
    });
  }

  /** Gives the lock back, or our place in the queue. */
  release(): void {
    this._abort?.abort();
  }
}
