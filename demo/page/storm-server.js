// @ts-check
/**
 * Connections that may be taken at once, in milliseconds of the server's rate: a queue, not a
 * burst.
 */
const BURST = 100;
/** How far apart the clients notice that the server is gone, in milliseconds. */
const NOTICED_WITHIN = 200;

/** How it refuses. @typedef {"closed" | "503"} Refusal */

/**
 * A simulated server within this page. It has any number of clients, goes down, and takes a limited
 * number a second once it is back.
 */
export class StormServer {
  /** Attempts in each second since it went down. @type {number[]} */
  attempts = [];
  /** When it went down, in milliseconds; undefined: not yet. @type {number | undefined} */
  downSince;
  #up = true;
  #tokens = 0;
  #filledAt = 0;
  /** @type {Set<() => void>} */
  #clients = new Set();
  #options;

  /**
   * @param {{ perSecond: number, refusal: Refusal }} options How many clients it takes a second
   *   after it was down, and how it refuses the others.
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * One attempt to connect.
   *
   * @param {() => void} onCut Called when the connection is lost.
   * @returns {{ leave(): void } | Refusal} A connection, or how it was refused.
   */
  connect(onCut) {
    if (this.downSince !== undefined) {
      const second = Math.floor((performance.now() - this.downSince) / 1000);
      while (this.attempts.length < second) this.attempts.push(0);
      this.attempts[second] = (this.attempts[second] ?? 0) + 1;
      if (!this.#up) return "closed";
      if (!this.#take()) return this.#options.refusal;
    }
    this.#clients.add(onCut);
    return { leave: () => this.#clients.delete(onCut) };
  }

  /** All clients lose it. */
  goDown() {
    this.downSince = performance.now();
    this.#up = false;
    for (const cut of this.#clients) setTimeout(cut, Math.random() * NOTICED_WITHIN);
    this.#clients.clear();
  }

  comeBack() {
    this.#up = true;
    this.#filledAt = performance.now();
  }

  #take() {
    const now = performance.now();
    const { perSecond } = this.#options;
    this.#tokens = Math.min(
      this.#tokens + ((now - this.#filledAt) / 1000) * perSecond,
      (BURST / 1000) * perSecond,
    );
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
