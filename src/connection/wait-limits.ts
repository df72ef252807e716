/** How often (ms) a page that returns may cut a wait short. */
const HURRY_EVERY = 5000;

/**
 * The waits between two attempts of one source. A page that returns may cut a wait down to what the
 * server asked for. Times are as `performance.now()` has them.
 */
export class WaitLimits {
  private _end = 0;
  /** Before this time only `reconnect()` ends the wait. */
  private _earliest = 0;
  private _isCut = false;
  private _hurriedAt = -Infinity;

  /**
   * @param delay How long it takes, in milliseconds
   * @param floor The time (ms) that the server asked for, which may be more than a timer can hold;
   *   no hurry goes below it
   */
  begin(delay: number, floor: number): void {
    this._end = performance.now() + delay;
    this._earliest = performance.now() + Math.min(floor, delay);
    this._isCut = false;
  }

  /**
   * The page has returned.
   *
   * @returns True if this cuts the wait: the caller interrupts it, and waits for the rest.
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

  /** `reconnect()` overrules the server: nothing is left to wait for. */
  abandon(): void {
    this._isCut = false;
    this._earliest = -Infinity;
  }

  /** How much (ms) is left of a wait that was cut; 0 of any other one. */
  takeRest(): number {
    const rest = this._isCut ? Math.ceil(this._earliest - performance.now()) : 0;
    this._end = this._earliest;
    this._isCut = false;
    return Math.max(0, rest);
  }
}
