import type { Gate } from "./gate.ts";

/** The two timeouts of a connection, in milliseconds; 0 turns one off. */
export interface Timeouts {
  readonly connectTimeout: number;
  readonly heartbeatTimeout: number;
}

/**
 * The heartbeat timeout is counted in this many ticks, so that time in which no timer runs (the
 * page is frozen) does not count as silence.
 */
const TICKS = 4;
/** How long (ms) a suspect connection may take to show a sign of life. */
const SUSPECT_TIMEOUT = 10_000;

/**
 * Judges whether a connection lives: by the time it takes to open, by its silence, and by its
 * silence after the page had reason to suspect it.
 */
export class Liveness {
  private readonly _timeouts: Timeouts;
  private readonly _fail: (message: string) => void;
  private readonly _unwatch: () => void;
  private _deadline: ReturnType<typeof setTimeout> | undefined;
  private _heartbeat: ReturnType<typeof setInterval> | undefined;
  private _quietTicks = 0;
  private _isSuspect = false;
  private _verdict: ReturnType<typeof setTimeout> | undefined;

  /** @param fail Called with the reason, in words, if the connection is considered dead. */
  constructor(timeouts: Timeouts, gate: Gate, fail: (message: string) => void) {
    this._timeouts = timeouts;
    this._fail = fail;
    this._unwatch = gate.watch((signal) => {
      if (signal === "suspect") this._suspect();
    });
    this.expectOpen();
  }

  /** Starts the connect timeout. */
  expectOpen(): void {
    const { connectTimeout } = this._timeouts;
    if (connectTimeout)
      this._deadline = setTimeout(
        this._fail,
        connectTimeout,
        `no connection within ${connectTimeout} ms`,
      );
  }

  /** The server has answered, if only to refuse: ends the connect timeout. */
  answered(): void {
    clearTimeout(this._deadline);
  }

  /** The connection has opened: ends the connect timeout and begins to watch for silence. */
  opened(): void {
    this.answered();
    this.markAlive();
    const { heartbeatTimeout } = this._timeouts;
    if (!heartbeatTimeout || this._heartbeat) return;
    this._heartbeat = setInterval(() => {
      if (++this._quietTicks > TICKS) this._fail(`nothing was received for ${heartbeatTimeout} ms`);
    }, heartbeatTimeout / TICKS);
  }

  /** Records a sign of life. */
  markAlive(): void {
    this._quietTicks = 0;
    this._isSuspect = false;
  }

  /** Ends all timers. */
  stop(): void {
    clearTimeout(this._deadline);
    clearInterval(this._heartbeat);
    clearTimeout(this._verdict);
    this._unwatch();
  }

  private _suspect(): void {
    this._isSuspect = true;
    clearTimeout(this._verdict);
    this._verdict = setTimeout(() => {
      if (this._isSuspect)
        this._fail("nothing was received since the network changed or the device slept");
    }, SUSPECT_TIMEOUT);
  }
}
