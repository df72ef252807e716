// @ts-check

/** How many of the newest ticks are remembered, to tell a repeated tick from a late one. */
const REMEMBERED = 10_000;

/**
 * Counts ticks, and those that were lost, came twice, or came out of order.
 *
 * Each tick names the last one that the publisher got an acknowledgement for. A node died while the
 * numbers in between were published, so these may have been published or not: they do not count as
 * lost.
 */
export function createTally() {
  const counts = { received: 0, lost: 0, twice: 0, late: 0 };
  /** @type {Set<number>} In the order of their coming. */
  const heard = new Set();
  /** @type {number | undefined} */
  let newest;

  return {
    /** @type {Readonly<typeof counts>} */
    counts,

    /** @param {{ n: number, previous: number }} tick */
    add({ n, previous }) {
      counts.received++;
      if (heard.has(n)) counts.twice++;
      else if (newest !== undefined && n < newest) counts.late++;
      // Ticks from before the page was opened are not lost.
      else if (newest !== undefined && previous > newest) counts.lost += previous - newest;
      heard.add(n);
      newest = Math.max(newest ?? 0, n);
      if (heard.size > REMEMBERED)
        heard.delete(/** @type {number} */ (heard.values().next().value));
    },
  };
}
