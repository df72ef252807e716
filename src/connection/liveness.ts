import type { Gate, GateSignal } from "./gate.ts";

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
/** The minimum time (ms) that a suspect connection gets to show a sign of life. */
const SUSPECT_TIMEOUT = 10_000;
/** A sign of life that is younger than this (ms) clears a connection of the suspicion. */
const RECENT = 15_000;
/** A page whose timer ran within this time (ms) is not suspended. */
const RUNNING = 10_000;
/** Within this time (ms) connections that hide comments are replaced after a suspension. */
const REPLACE_WITHIN = 1000;

/**
 * Judges whether a connection lives: by the time it takes to open, by its silence, and by its
 * silence after the page had reason to suspect it.
 *
 * An event only increments a counter. The clock is read on the page's ticks, every few seconds.
 */
export class Liveness {
  private readonly _timeouts: Timeouts;
  private readonly _fail: (message: string) => void;
  private readonly _unwatch: () => void;
  private _deadline: ReturnType<typeof setTimeout> | undefined;
  private _heartbeat: ReturnType<typeof setInterval> | undefined;
  private _isOn = true;
  private _verdict: ReturnType<typeof setTimeout> | undefined;
  /** The number of signs of life. */
  private _signs = 0;
  /** The value of `_signs` when the clock was last read. */
  private _timedSigns = 0;
  /** The time of the latest timed sign of life: `performance.now()`, and `Date.now()`. */
  private _timedAt = performance.now();
  private _timedDate = Date.now();
  /** When a timer of the page ran last. */
  private _tickAt = this._timedAt;
  private _longestSilence = 0;
  /** The longest silence as of the previous tick. */
  private _earlierSilence = 0;
  /** True once the transport is known to see every byte, comments included. */
  private _seesBytes = false;

  /** @param fail Called with the reason, in words, if the connection is considered dead. */
  constructor(timeouts: Timeouts, gate: Gate, fail: (message: string) => void) {
    this._timeouts = timeouts;
    this._fail = (message) => {
      if (this._isOn) fail(message);
    };
    this._unwatch = gate.watch((signal) => {
      this._react(signal);
    });
    this.expectOpen();
  }

  /**
   * Turns the judgement on or off. While it is off, no connection is considered dead: a follower
   * leaves that to the leader, whose timeouts apply to all tabs. When it is turned on, the
   * connection is expected to open.
   */
  setOn(isOn: boolean): void {
    this._isOn = isOn;
    this.markAlive();
    if (isOn) this.expectOpen();
  }

  /** Starts the connect timeout. */
  expectOpen(): void {
    clearTimeout(this._deadline);
    const { connectTimeout } = this._timeouts;
    if (connectTimeout)
      this._deadline = setTimeout(
        this._fail,
        connectTimeout,
        `no connection within ${connectTimeout} ms`,
      );
  }

  /** Ends the connect timeout: the server has answered, if only to refuse. */
  answered(): void {
    clearTimeout(this._deadline);
  }

  /**
   * Ends the connect timeout and begins to watch for silence: the connection has opened.
   *
   * @param seesBytes True if the transport is known to see every byte.
   */
  opened(seesBytes: boolean): void {
    this.answered();
    this.markAlive();
    this._readClock();
    this._seesBytes = seesBytes;
    const { heartbeatTimeout } = this._timeouts;
    if (!heartbeatTimeout || this._heartbeat) return;
    let quietTicks = 0;
    let knownSigns = 0;
    this._heartbeat = setInterval(() => {
      if (knownSigns !== this._signs) quietTicks = 0;
      else if (++quietTicks >= TICKS) this._fail(`nothing was received for ${heartbeatTimeout} ms`);
      knownSigns = this._signs;
    }, heartbeatTimeout / TICKS);
  }

  /** Records an event. */
  markAlive(): void {
    this._signs++;
  }

  /** Records that bytes arrived, perhaps only those of a comment. */
  markActive(): void {
    this._signs++;
    this._seesBytes = true;
    const now = performance.now();
    // A suspension of the page is not a silence of the server.
    if (now - this._tickAt < RUNNING) this._noteSilence(now - this._timedAt);
    this._readClock();
  }

  /** The time of the last sign of life, as far as it is known; in milliseconds since the epoch. */
  get lastAlive(): number {
    return this._seesBytes || this._signs === this._timedSigns ? this._timedDate : Date.now();
  }

  /** Ends all timers. */
  stop(): void {
    clearTimeout(this._deadline);
    clearInterval(this._heartbeat);
    clearTimeout(this._verdict);
    this._unwatch();
  }

  private _noteSilence(ms: number): void {
    this._longestSilence = Math.max(this._longestSilence, ms);
  }

  /** @param ago How long ago (ms) the latest sign of life was. */
  private _readClock(ago = 0): void {
    this._timedAt = performance.now() - ago;
    this._timedDate = Date.now() - ago;
    this._timedSigns = this._signs;
  }

  private _react(signal: GateSignal): void {
    const now = performance.now();
    const silence = now - this._timedAt;
    const hasUntimedEvent = !this._seesBytes && this._signs !== this._timedSigns;
    switch (signal) {
      case "tick": {
        const gap = now - this._tickAt;
        this._tickAt = now;
        this._earlierSilence = this._longestSilence;
        this._noteSilence(silence);
        // The event arrived at an unknown time in the gap. Assume the beginning of the gap.
        if (hasUntimedEvent) this._readClock(gap < RUNNING ? 0 : gap);
        break;
      }
      case "suspect":
        this._suspect(this._patience);
        break;
      case "suspended":
        this._tickAt = now;
        if (silence <= RECENT) break;
        this._timedAt = now;
        // Overdue timers may have fired before this signal and counted the suspension as silence.
        this._longestSilence = this._earlierSilence;
        // EventSource hides comments, so its silence says nothing.
        this._suspect(
          this._seesBytes || hasUntimedEvent ? this._patience : Math.random() * REPLACE_WITHIN,
        );
    }
  }

  /** How long the connection may be silent, judged by how long it has been silent before. */
  private get _patience(): number {
    return Math.max(SUSPECT_TIMEOUT, 1.5 * this._longestSilence);
  }

  private _suspect(patience: number): void {
    const signs = this._signs;
    clearTimeout(this._verdict);
    this._verdict = setTimeout(() => {
      if (this._signs === signs)
        this._fail("nothing was received since the network changed or timers stood still");
    }, patience);
  }
}
