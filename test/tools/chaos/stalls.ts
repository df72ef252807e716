/** How long (ms) a turn of the event loop may take before it counts as a stall. */
const TURN = 100;

/**
 * Records when this process stood still, for seconds on a busy machine. It learns afterwards, in
 * any order, what others did meanwhile, so such a time proves nothing. (Other processes stand
 * still, too, which it cannot see.)
 */
export class Stalls {
  private readonly stalls: { readonly end: number; readonly ms: number }[] = [];
  private latest = performance.now();
  private readonly timer = setInterval(() => this.look(), TURN / 2).unref();

  /** How much (ms) of the time between them this process stood still. */
  between(from: number, to = performance.now()): number {
    this.look();
    return this.stalls.reduce(
      (sum, { end, ms }) => sum + Math.max(0, Math.min(end, to) - Math.max(end - ms, from)),
      0,
    );
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const now = performance.now();
    if (now - this.latest > TURN) this.stalls.push({ end: now, ms: now - this.latest });
    this.latest = now;
  }
}
