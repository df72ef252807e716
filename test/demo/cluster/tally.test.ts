import { expect, test } from "vitest";
import { createTally } from "../../../demo/cluster/tally.js";

test.each([
  [
    "all of them",
    [
      [1, 0],
      [2, 1],
      [3, 2],
    ],
    { received: 3, lost: 0, twice: 0, late: 0 },
  ],
  [
    "from the middle on",
    [
      [7, 6],
      [8, 7],
    ],
    { received: 2, lost: 0, twice: 0, late: 0 },
  ],
  [
    "two lost",
    [
      [1, 0],
      [4, 3],
    ],
    { received: 2, lost: 2, twice: 0, late: 0 },
  ],
  [
    "one that was never acknowledged, and did not come",
    [
      [1, 0],
      [3, 1],
    ],
    { received: 2, lost: 0, twice: 0, late: 0 },
  ],
  [
    "one that was never acknowledged, and came",
    [
      [1, 0],
      [2, 1],
      [3, 1],
    ],
    { received: 3, lost: 0, twice: 0, late: 0 },
  ],
  [
    "one lost after one that was never acknowledged, and came",
    [
      [1, 0],
      [2, 1],
      [4, 3],
    ],
    { received: 3, lost: 1, twice: 0, late: 0 },
  ],
  [
    "two twice",
    [
      [1, 0],
      [2, 1],
      [1, 0],
      [2, 1],
      [3, 2],
    ],
    { received: 5, lost: 0, twice: 2, late: 0 },
  ],
  [
    "one late",
    [
      [1, 0],
      [3, 2],
      [2, 1],
      [4, 3],
    ],
    { received: 4, lost: 1, twice: 0, late: 1 },
  ],
] as const)("counts %s", (_, ticks, expected) => {
  const tally = createTally();
  for (const [n, previous] of ticks) tally.add({ n, previous });
  expect(tally.counts).toEqual(expected);
});
