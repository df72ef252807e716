// npm run storm:search: tries the waits that the options of `backoff` allow, and some that they do
// not, in the same storms as our defaults. For the choice of the defaults; it changes nothing.
import { loadLibrary } from "./library.mjs";
import { measure, PER_SECOND } from "./measure.mjs";
import { ours } from "./policies.mjs";
import { BIN, simulate } from "./simulate.mjs";

const CLIENTS = 100_000;
const library = await loadLibrary();

const option = (backoff) => {
  const { startingDelay, timeMultiple, maxDelay } = library.resolveOptions({ backoff }).backoff;
  return {
    ...ours(
      library,
      `full jitter, ${startingDelay} ms × ${timeMultiple} up to ${maxDelay / 1000} s`,
      { backoff },
    ),
  };
};
const evenly = (from, to) => from + Math.random() * (to - from);
const growing = (failures, multiple, maxDelay) =>
  Math.min(3000 * multiple ** (failures - 1), maxDelay);

/** Rules that our options cannot express. The first wait is at most 3 s here, too. */
const others = [2, 3].flatMap((multiple) =>
  [15_000, 30_000].flatMap((maxDelay) => [
    {
      name: `equal jitter, 3000 ms × ${multiple} up to ${maxDelay / 1000} s`,
      delay: ({ failures }) =>
        evenly(
          failures === 1 ? 100 : growing(failures, multiple, maxDelay) / 2,
          growing(failures, multiple, maxDelay),
        ),
    },
    {
      name: `decorrelated jitter, × ${multiple} up to ${maxDelay / 1000} s`,
      delay: ({ previous }) =>
        Math.min(
          previous ? evenly(1000, Math.max(1000, previous) * multiple) : evenly(100, 3000),
          maxDelay,
        ),
    },
  ]),
);

const candidates = [
  option({}),
  ...[1.5, 2, 3, 4].flatMap((timeMultiple) =>
    [10_000, 15_000, 20_000, 30_000, 60_000].map((maxDelay) => option({ timeMultiple, maxDelay })),
  ),
  ...[1000, 2000].flatMap((startingDelay) =>
    [2, 3].map((timeMultiple) => option({ startingDelay, timeMultiple })),
  ),
  ...others,
];

/**
 * How late a lone client is on average: seconds from the return of its server, which has room for
 * all, to its own.
 */
const lateness = (policy, down) => {
  const clients = 5000;
  const { backPerBin } = simulate({
    clients,
    down,
    perSecond: clients * 1000,
    refusal: "closed",
    policy,
    roundTrip: [0, 0],
  });
  return (
    backPerBin.reduce((sum, count, bin) => sum + count * (((bin + 0.5) * BIN) / 1000 - down), 0) /
    clients
  );
};

const storms = [
  { down: 0, refusal: "closed" },
  { down: 5, refusal: "closed" },
  { down: 30, refusal: "closed" },
  { down: 300, refusal: "closed" },
  { down: 5, refusal: "closed", refusalCost: 0.05 },
];
console.log(
  `${CLIENTS.toLocaleString("en")} clients: peak × capacity, then seconds to 99 % and 100 %. Alone: how late one client is, on average.\n`,
);
console.log(
  `| Waits | ${storms.map(({ down, refusalCost }) => `${down} s down${refusalCost ? ", refusals cost 5 %" : ""}`).join(" | ")} | alone, 0 / 5 / 30 / 300 s down |`,
);
console.log(`|---|${"--:|".repeat(storms.length + 1)}`);
for (const policy of candidates) {
  const cells = storms.map((storm) => {
    const { peak, times } = measure({ clients: CLIENTS, ...storm }, policy);
    return [
      `${(peak / PER_SECOND).toFixed(1)} ×`,
      ...times.slice(1).map((time) => time?.toFixed(0) ?? "never"),
    ].join(", ");
  });
  const alone = [0, 5, 30, 300].map((down) => lateness(policy, down).toFixed(1)).join(" / ");
  console.log(`| ${policy.name} | ${cells.join(" | ")} | ${alone} |`);
}
