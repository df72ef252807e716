import { describe, expect, test } from "vitest";
import { peers } from "./policies.mjs";
import {
  BACK,
  BIN,
  LOST,
  peak,
  simulate,
  startStorm,
  timeTo,
  WAITING,
  type Policy,
  type StormOptions,
} from "./simulate.mjs";

const count = (status: Uint8Array, wanted: number): number =>
  status.filter((each) => each === wanted).length;
const storm = (options: Partial<StormOptions>): StormOptions => ({
  clients: 2000,
  down: 5,
  perSecond: 40,
  refusal: "closed",
  policy: { name: "even", delay: () => Math.random() * 3000 },
  ...options,
});

describe("with any policy", () => {
  test.each(
    peers.flatMap((policy) =>
      (["closed", "503", "cut"] as const).map((refusal) => ({ ...policy, policy, refusal })),
    ),
  )(
    "$name, $refusal: no client is forgotten, and the server never takes more than it can",
    ({ policy, refusal }) => {
      const run = simulate(storm({ policy, refusal }));
      expect(count(run.status, BACK)).toBe(run.back);
      expect(count(run.status, LOST)).toBe(run.lost);
      expect(count(run.status, WAITING)).toBe(2000 - run.back - run.lost);
      expect(run.backPerBin.reduce((sum, each) => sum + each)).toBe(run.back);
      expect(run.attemptsPerBin.reduce((sum, each) => sum + each)).toBe(run.attempts);
      let back = 0;
      const tooMany = run.backPerBin.filter(
        (each, bin) => (back += each) > Math.round(Math.max(0, ((bin + 1) * BIN) / 1000 - 5) * 40),
      );
      expect(tooMany).toHaveLength(0);
    },
  );
});

describe("a fixed delay, with the same round trip for all clients", () => {
  // All 2000 come at once every 3 s, and the server takes as many as fit into its queue: 4.
  const run = simulate(
    storm({ policy: { name: "3 s", delay: () => 3000 }, roundTrip: [0, 0], horizon: 3000 }),
  );

  test("stays in step to the end", () => {
    expect(peak(run, 5)).toBe(2000);
    expect(run.attemptsWhileDown).toBe(2000);
    // At 6, 9, … s, the last of 500 waves at 1503 s.
    expect(timeTo(1, run, 5)).toBeCloseTo(1503 - 5, 0);
    expect(timeTo(0.5, run, 5)).toBeCloseTo(753 - 5, 0);
    expect(run.attempts).toBe(2000 + (2000 + 4) * 250);
  });
});

test("a client that gives up at an HTTP error is lost at the first one", () => {
  const policy: Policy = {
    name: "fatal",
    delay: ({ refusal }) => (refusal === "503" ? undefined : 3000),
  };
  const run = simulate(storm({ policy, refusal: "503" }));
  expect(run.back + run.lost).toBe(2000);
  expect(run.lost).toBeGreaterThan(1900);
  expect(run.attempts).toBe(2000 + run.attemptsWhileDown);
});

describe("a storm that is advanced step by step", () => {
  const watched = (options: Partial<StormOptions> = {}) => {
    const outcomes: string[] = [];
    return {
      outcomes,
      run: startStorm(
        storm({
          ...options,
          onAttempt: (client, outcome) => outcomes.push(`${client} ${outcome}`),
        }),
      ),
    };
  };

  test("is the same as in one piece, and leaves Math.random alone", () => {
    const { random } = Math;
    const { run, outcomes } = watched();
    while (!run.over) {
      run.advance(16);
      expect(Math.random).toBe(random);
      Math.random();
    }
    const { run: again, outcomes: outcomesAgain } = watched();
    again.advance(Infinity);
    expect(outcomes).toEqual(outcomesAgain);
    expect(outcomes).toHaveLength(run.attempts);
    expect(run.attemptsPerBin).toEqual(again.attemptsPerBin);
    expect(run.status.every((each) => each === BACK)).toBe(true);
  });

  test("is a different one with a different seed", () => {
    const [one, other] = [1, 2].map((seed) => simulate(storm({ seed })));
    expect(one!.attemptsPerBin).not.toEqual(other!.attemptsPerBin);
  });
});
