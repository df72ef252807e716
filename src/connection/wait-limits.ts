/** How often (ms) a page that returns may cut a wait short. */
const HURRY_EVERY = 5000;

/**
 * The limits within which the current wait may be shortened. A page that returns may cut a wait
 * down to the time that the server asked for. The loop has the timer, and backoff.ts the length of
 * a wait; all times here are those of `performance.now()`.
 */
export class WaitLimits {
  private _end = 0;
  /** Before this time only `reconnect()` ends the wait. */
  private _earliest = 0;
  private _isCut = false;
  private _hurriedAt = -Infinity;

  /**
   * @param delay The length of the wait, in milliseconds
   * @param floor The time (ms) that the server asked for, which may be more than a timer can hold;
   * no hurry goes below it
   */
  begin(delay: number, floor: number): void {
    this._end = performance.now() + delay;
    this._earliest = performance.now() + Math.min(floor, delay);
    this._isCut = false;
  }

  /**
   * Shortens the wait because the page has returned.
   *
   * @returns True if the wait was cut: the caller interrupts it, and waits for the rest.
   */
  hurry(): boolean {
    const soonest = Math.max(this._earliest, this._hurriedAt + HURRY_EVERY);
    if (soonest >= this._end) return false;
    this._hurriedAt = Math.max(soonest, performance.now());
    this._earliest = soonest;
    this.cut();
    return true;
  }

  /** Cuts the wait down to its floor. */
  cut(): void {
    this._isCut = true;
  }

  /** Removes the floor: `reconnect()` overrules the server, so nothing is left to wait for. */
  abandon(): void {
    this._isCut = false;
    this._earliest = -Infinity;
  }

  /** Returns the time (ms) left of a wait that was cut, or 0 if it was not cut. */
  takeRest(): number {
    const rest = this._isCut ? Math.ceil(this._earliest - performance.now()) : 0;
    this._end = this._earliest;
    this._isCut = false;
    return Math.max(0, rest);
  }
}
