// @ts-check
/**
 * The gap between two events (ms) from which on a client counts as silent; events come every
 * quarter of a second.
 */
export const SILENT_AFTER = 1500;
/** How long the past is kept, in milliseconds. */
const KEPT = 75_000;

/**
 * A stretch of time in one state. `until` is when a wait ends; `drawnFrom` are the two times
 * between which the jitter can put that. `word` and `colour` are the chart's in place of the status's.
 *
 * @typedef {"connecting" | "open" | "waiting" | "paused" | "closed"} Status
 * @typedef {{ status: Status, from: number, to?: number, until?: number, drawnFrom?: [number,
 *   number], word?: string, colour?: Status | "soft" }} Span
 */

/** The history of one client for the page. Times are milliseconds since the epoch. */
export class Track {
  /** @type {Span[]} */
  spans = [];
  /** Gaps between events. @type {{ from: number, to: number }[]} */
  #gaps = [];
  /** When a connection or an attempt failed. @type {number[]} */
  failures = [];
  /** When it was asked for a connection, where the client tells. @type {number[]} */
  attempts = [];
  /** Events by the second in which they came. @type {Map<number, number>} */
  perSecond = new Map();
  received = 0;
  /** Events that will never come: their ids were skipped. */
  lost = 0;
  repeated = 0;
  newestId = 0;
  /** The client's reason for its last failure; "" if it gives none. */
  reason = "";
  lastEventAt = Date.now();
  /** The counts since the last fault. */
  trial = { since: 0, silent: 0, lost: 0, repeated: 0, failures: 0, reason: "" };

  /** @returns {Status} */
  get status() {
    return this.spans.at(-1)?.status ?? "connecting";
  }

  /**
   * @param {Status} status
   * @param {Pick<Span, "until" | "drawnFrom" | "word" | "colour">} [more]
   */
  enter(status, more) {
    const now = Date.now();
    const last = this.spans.at(-1);
    if (last?.status === status && !more) return;
    if (last) last.to = now;
    this.spans.push({ status, from: now, ...more });
    while ((this.spans[0]?.to ?? now) < now - KEPT) this.spans.shift();
  }

  attempt() {
    note(this.attempts);
  }

  /** @param {string} reason */
  fail(reason) {
    note(this.failures);
    this.reason = reason;
    this.trial.reason = reason;
    this.trial.failures++;
  }

  /**
   * A normal end, which is no failure.
   *
   * @param {string} reason
   */
  end(reason) {
    this.trial.reason = reason;
  }

  /**
   * Counts an event. The server numbers events without a gap, so the id shows if any was lost or
   * came twice.
   *
   * @param {number} id
   */
  event(id) {
    const now = Date.now();
    const second = Math.floor(now / 1000);
    if (now - this.lastEventAt > SILENT_AFTER && this.received) {
      this.#gaps.push({ from: this.lastEventAt, to: now });
      if (this.#gaps.length > 100) this.#gaps.shift();
    }
    this.trial.silent += this.#gap(now);
    this.lastEventAt = now;
    this.received++;
    this.perSecond.set(second, (this.perSecond.get(second) ?? 0) + 1);
    for (const old of this.perSecond.keys())
      if (old < second - KEPT / 1000) this.perSecond.delete(old);
    if (id <= this.newestId) {
      this.repeated++;
      this.trial.repeated++;
    } else if (this.newestId) {
      this.lost += id - this.newestId - 1;
      this.trial.lost += id - this.newestId - 1;
    }
    this.newestId = Math.max(this.newestId, id);
  }

  /** Sets the counts back to 0, for a new fault. */
  begin() {
    this.trial = { since: Date.now(), silent: 0, lost: 0, repeated: 0, failures: 0, reason: "" };
  }

  /** The times without an event, until now. */
  get silences() {
    return this.isSilent && this.received
      ? [...this.#gaps, { from: this.lastEventAt, to: Date.now() }]
      : this.#gaps;
  }

  /** How long it has been in this state, in milliseconds. */
  get age() {
    return Date.now() - (this.spans.at(-1)?.from ?? 0);
  }

  /** True if events have come since the last failure. */
  get isBack() {
    return (
      this.status === "open" && !this.isSilent && this.lastEventAt >= (this.failures.at(-1) ?? 0)
    );
  }

  /** True if events have stopped. */
  get isSilent() {
    return Date.now() - this.lastEventAt > SILENT_AFTER;
  }

  /** How long no events came since the last fault, in milliseconds. */
  get silentTime() {
    return this.trial.silent + this.#gap(Date.now());
  }

  /** @param {number} now */
  #gap(now) {
    const gap = now - Math.max(this.lastEventAt, this.trial.since);
    return gap > SILENT_AFTER ? gap : 0;
  }
}

/** @param {number[]} times */
function note(times) {
  const now = Date.now();
  times.push(now);
  while ((times[0] ?? now) < now - KEPT) times.shift();
}
