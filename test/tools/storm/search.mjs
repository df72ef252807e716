// npm run storm:search: tries the waits that the options of `backoff` allow, and some that they do
// not, in the same storms as our defaults; then the same for clients whose server had named a
// `retry`. For the choice of the defaults; it changes nothing. `-- --named` prints only the second
// table.
import { parseArgs } from "node:util";
import { loadLibrary } from "./library.mjs";
import { measure, PER_SECOND } from "./measure.mjs";
import { ours } from "./policies.mjs";
import { BIN, simulate } from "./simulate.mjs";

const { values } = parseArgs({ options: { named: { type: "boolean" } } });
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

const result = (policy, storm) => {
  const { peak, times } = measure({ clients: CLIENTS, ...storm }, policy);
  return [
    `${(peak / PER_SECOND).toFixed(1)} ×`,
    ...times.slice(1).map((time) => time?.toFixed(0) ?? "never"),
  ].join(", ");
};
const print = (cells) => console.log(`| ${cells.join(" | ")} |`);
const printHead = (cells) => {
  print(cells);
  console.log(`|---|${"--:|".repeat(cells.length - 1)}`);
};

function searchDefaults() {
  const storms = [
    { down: 0, refusal: "closed" },
    { down: 5, refusal: "closed" },
    { down: 30, refusal: "closed" },
    { down: 300, refusal: "closed" },
    { down: 5, refusal: "closed", refusalCost: 0.05 },
  ];
  printHead([
    "Waits",
    ...storms.map(
      ({ down, refusalCost }) => `${down} s down${refusalCost ? ", refusals cost 5 %" : ""}`,
    ),
    "alone, 0 / 5 / 30 / 300 s down",
  ]);
  for (const policy of candidates) {
    const alone = [0, 5, 30, 300].map((down) => lateness(policy, down).toFixed(1)).join(" / ");
    print([policy.name, ...storms.map((storm) => result(policy, storm)), alone]);
  }
}

/** The rules for a `retry` that the server has named, in milliseconds. */
const named = (retry) => [
  {
    name: "as the end of the range, which undercuts it: `U(0, grown(retry))`",
    delay: ({ failures }) => Math.max(100, evenly(0, grownFrom(retry, failures))),
  },
  {
    ...ours(library, "", { reconnectionTime: retry }),
    name: "**ours**: `retry + U(0, grown(retry))`",
  },
  {
    name: "twice as wide: `retry + U(0, 2 × grown(retry))`",
    delay: ({ failures }) => retry + evenly(0, 2 * grownFrom(retry, failures)),
  },
];
const grownFrom = (retry, failures) =>
  Math.min(Math.max(retry, 3000) * 2 ** (failures - 1), 30_000);

function searchNamed() {
  const downs = [0, 5, 30];
  printHead(["`retry`", "Waits", ...downs.map((down) => `${down} s down`)]);
  for (const retry of [1000, 3000, 5000, 10_000, 20_000, 30_000])
    for (const policy of named(retry))
      print([
        retry,
        policy.name,
        ...downs.map((down) => result(policy, { down, refusal: "closed" })),
      ]);
}

console.log(
  `${CLIENTS.toLocaleString("en")} clients: peak × capacity, then seconds to 99 % and 100 %. Alone: how late one client is, on average.\n`,
);
if (!values.named) {
  searchDefaults();
  console.log("\nThe server had named a `retry`, which every client has seen:\n");
}
searchNamed();
