import type { ChaosReport } from "./chaos.ts";

type Counts = Omit<ChaosReport, "seed">;
type Sums = Counts & { seeds: number[] };

export const emptyCounts = (): Counts => ({
  seconds: 0,
  sources: 0,
  events: 0,
  requests: 0,
  checks: 0,
  faults: new Map(),
  states: new Map(),
});

/** Several runs as one. */
export function addReports(reports: readonly ChaosReport[]): Sums {
  const sums: Sums = { seeds: [], ...emptyCounts() };
  for (const report of reports) {
    sums.seeds.push(report.seed);
    for (const key of ["seconds", "sources", "events", "requests", "checks"] as const)
      sums[key] += report[key];
    for (const key of ["faults", "states"] as const)
      for (const [what, count] of report[key])
        sums[key].set(what, (sums[key].get(what) ?? 0) + count);
  }
  return sums;
}

/** The sums as Markdown. */
export function tabulate({
  seeds,
  seconds,
  sources,
  events,
  requests,
  checks,
  faults,
  states,
}: Sums): string {
  const byName = (counts: Map<string, number>): string[] =>
    [...counts].sort().map(([what, count]) => `| ${what} | ${count} |`);
  return [
    `${seeds.length} seeds (${seeds.join(", ")}), ${(seconds / 60).toFixed(1)} minutes: ${sources} sources, ${requests} requests, ${events} events checked, ${checks} looks at everything.`,
    "",
    "| Fault | Times |",
    "|---|--:|",
    ...byName(faults),
    "",
    "| State entered | Times |",
    "|---|--:|",
    ...byName(states),
  ].join("\n");
}
