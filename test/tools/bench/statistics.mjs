const ascending = (values) => [...values].sort((a, b) => a - b);

export function median(values) {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * How many times faster than the base each round was. Rounds are compared pairwise, since the load
 * of the machine affects both sides of a round.
 */
export const speedups = (base, samples, of) =>
  samples.map((sample, round) => of(base[round]) / of(sample));

/**
 * The 95 % confidence interval of the median, from the ranks alone: a binomial distribution says how
 * many values lie below the true median. It holds for any distribution of the values.
 */
export function medianInterval(values) {
  const sorted = ascending(values);
  const { length } = sorted;
  const below = Math.max(0, Math.floor((length - 1.96 * Math.sqrt(length)) / 2) - 1);
  return [sorted[below], sorted[length - 1 - below]];
}

export const timeOf = ({ ms }) => ms;
export const cpuOf = ({ cpu }) => cpu ?? NaN;
