/** How many bins moments are sorted into. */
const BINS = 10;

/** Percentiles of the chi-square distribution with 9 degrees of freedom. */
export const CRITICAL = { "p = 0.05": 16.919, "p = 0.001": 27.877 };

/** The chi-square statistic of moments in [0, within] against an even spread. */
export function chiSquare(moments: readonly number[], within: number): number {
  const counts = new Array<number>(BINS).fill(0);
  for (const at of moments) counts[Math.min(BINS - 1, Math.floor((at / within) * BINS))]!++;
  const expected = moments.length / BINS;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
