/** The moment at which a source leaves a server that has announced its restart. */
export class Drain {
  private _at = Infinity;
  private _timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Calls `leave` at a random moment within `within` milliseconds. If called again, the earlier
   * moment wins.
   */
  schedule(within: number, leave: () => void): void {
    const now = performance.now();
    const at = now + Math.random() * within;
    if (this._at <= at) return;
    this.cancel();
    this._at = at;
    this._timer = setTimeout(leave, at - now);
  }

  cancel(): void {
    clearTimeout(this._timer);
    this._at = Infinity;
  }
}
