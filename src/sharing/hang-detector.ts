import { aborted } from "../util/sleep.ts";

/** How often the detector looks (ms). Browsers slow this down in hidden pages. */
const TICK = 2000;
/** After this long (ms) without a message, the leader is asked whether it is alive. */
const QUIET = 6000;
/** After this long (ms) without an answer, the leader counts as hung. */
const PATIENCE = 6000;

/** The methods that a detector needs of its follower. */
export interface HangDetectorHost {
  /** The name of the lock of the member that asks. */
  readonly lock: string;
  /** Asks the leader for any message. */
  ask(): void;
  /** The leader did not answer. */
  replaceLeader(): void;
}

/**
 * Finds out whether the leader's page hangs: in a dialog, at a breakpoint or in a loop it holds the
 * lock and does nothing. A hidden or slow page still answers messages, which no browser throttles.
 */
export class HangDetector {
  private readonly _host: HangDetectorHost;
  private readonly _timer: ReturnType<typeof setInterval>;
  private _heardAt = performance.now();
  private _askedAt: number | undefined;
  private _ticksSinceAsked = 0;
  /** Our turn to ask, or the attempt to get it. */
  private _turn: AbortController | undefined;

  constructor(host: HangDetectorHost) {
    this._host = host;
    this._timer = setInterval(() => {
      this._tick();
    }, TICK);
  }

  /** Notes that a message of the leader arrived. */
  markAlive(): void {
    this._heardAt = performance.now();
    this._endTurn();
  }

  stop(): void {
    clearInterval(this._timer);
    this._endTurn();
  }

  private _tick(): void {
    const now = performance.now();
    if (this._askedAt === undefined) {
      if (now - this._heardAt >= QUIET && !this._turn) this._takeTurn();
      return;
    }
    // After our own page hung, the first tick may come before the answer that waits behind it.
    if (++this._ticksSinceAsked > 1 && now - this._askedAt >= PATIENCE) {
      this._askedAt = now;
      this._host.replaceLeader();
    }
    // Ask on each tick: if the leader's page stops at a breakpoint, it loses earlier pings.
    else this._host.ask();
  }

  /** Asks, unless another follower does: two that replaced the leader would replace each other. */
  private _takeTurn(): void {
    const turn = (this._turn = new AbortController());
    const ask = (lock: unknown): Promise<void> | undefined => {
      if (turn.signal.aborted) return;
      if (!lock) {
        this._turn = undefined;
        return;
      }
      this._askedAt = performance.now();
      this._ticksSinceAsked = 0;
      this._host.ask();
      return aborted(turn.signal);
    };
    navigator.locks
      .request(`${this._host.lock} ping`, { ifAvailable: true }, ask)
      .catch(() => (this._turn = undefined));
  }

  private _endTurn(): void {
    this._askedAt = undefined;
    this._turn?.abort();
    this._turn = undefined;
  }
}
