import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { delayBefore, delayOfPolling } from "../../../src/connection/backoff.ts";
import { resolveOptions } from "../../../src/option-checks.ts";
import type { BackoffOptions, BackoffSettings } from "../../../src/options.ts";

const SHORTEST = 100;
/** One millisecond more, and setTimeout fires at once. */
const LONGEST = 2 ** 31 - 1;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Settings as the loop gets them: filled in, checked. */
const settings = (backoff: BackoffOptions = {}): BackoffSettings =>
  resolveOptions({ backoff }).backoff;
const exact = (backoff: BackoffOptions = {}): BackoffSettings =>
  settings({ jitter: "none", ...backoff });
const draw = (value: number) => vi.spyOn(Math, "random").mockReturnValue(value);
const firstSeven = (backoff: BackoffSettings): number[] =>
  [1, 2, 3, 4, 5, 6, 7].map((attempt) => delayBefore(attempt, backoff));

describe("grow, cap, then jitter", () => {
  test("grows from startingDelay by timeMultiple to maxDelay", () => {
    expect(firstSeven(exact())).toEqual([3000, 6000, 12_000, 24_000, 30_000, 30_000, 30_000]);
    expect(firstSeven(exact({ startingDelay: 500, timeMultiple: 1.5, maxDelay: 2000 }))).toEqual([
      500, 750, 1125, 1688, 2000, 2000, 2000,
    ]);
    expect(firstSeven(exact({ timeMultiple: 1 }))).toEqual(Array(7).fill(3000));
  });

  test("full jitter draws from 0 to the delay", () => {
    draw(0.5);
    expect(firstSeven(settings())).toEqual([1500, 3000, 6000, 12_000, 15_000, 15_000, 15_000]);
    draw(0.999999);
    expect(delayBefore(1, settings())).toBe(3000);
  });

  test("the cap comes before the draw, so that clients at the cap do not meet there", () => {
    draw(0.1);
    // Capped after the draw it would be min(0.1 × 3000 × 2^19, 30000) = 30000.
    expect(delayBefore(20, settings())).toBe(3000);
  });

  test("delayFirstAttempt also gives attempt 0 a delay, which shifts the others by one factor, as in the package", () => {
    const backoff = exact({ delayFirstAttempt: true });
    expect([0, 1, 2, 3].map((attempt) => delayBefore(attempt, backoff))).toEqual([
      3000, 6000, 12_000, 24_000,
    ]);
  });
});

test("a wait is a whole number of milliseconds: setTimeout would cut a fraction off, and the server's floor with it", () => {
  expect(delayBefore(1, exact({ startingDelay: 1000.25 }))).toBe(1001);
  draw(0);
  expect(delayBefore(1, settings(), { retryAfter: 1000.25 })).toBe(1001);
});

describe("the traps of exponential-backoff", () => {
  test("maxDelay: undefined is the default cap, not NaN", () => {
    expect(delayBefore(20, exact({ maxDelay: undefined }))).toBe(30_000);
  });

  test.each([
    "startingDelay",
    "timeMultiple",
    "jitter",
    "numOfAttempts",
    "delayFirstAttempt",
  ] as const)("%s: undefined is the default", (name) => {
    draw(0.5);
    expect(firstSeven(settings({ [name]: undefined }))).toEqual(firstSeven(settings()));
  });

  test("a draw of 0 is no hot loop", () => {
    draw(0);
    expect(firstSeven(settings())).toEqual(Array(7).fill(SHORTEST));
  });

  test.each([
    { startingDelay: 0 },
    { maxDelay: 0 },
    { startingDelay: 0, maxDelay: 0 },
    { startingDelay: 5, timeMultiple: 1 },
  ])("%o waits the minimum", (backoff) => {
    expect(firstSeven(exact(backoff))).toEqual(Array(7).fill(SHORTEST));
  });

  test("a delay that setTimeout cannot hold is cut to the longest it can", () => {
    expect(delayBefore(60, exact({ maxDelay: LONGEST }))).toBe(LONGEST);
    expect(
      delayBefore(1, exact({ startingDelay: LONGEST, maxDelay: LONGEST }), { retryAfter: 1000 }),
    ).toBe(LONGEST);
  });

  test.each([1024, 1e6, Number.MAX_SAFE_INTEGER])("attempt %d does not overflow", (attempt) => {
    expect(delayBefore(attempt, exact())).toBe(30_000);
    // 0 × Infinity is NaN.
    expect(delayBefore(attempt, exact({ startingDelay: 0 }))).toBe(SHORTEST);
    expect(delayBefore(attempt, exact({ timeMultiple: Number.MAX_VALUE }))).toBe(30_000);
  });
});

describe("the server's retry field", () => {
  const first = (reconnectionTime: number, backoff?: BackoffOptions): number =>
    delayBefore(1, settings(backoff), { reconnectionTime });

  test("is a floor with the jitter on top, however small the draw", () => {
    draw(0);
    expect([2000, 10_000, 120_000].map((ms) => first(ms))).toEqual([2000, 10_000, 120_000]);
    draw(0.5);
    // 2000 + U(0, 3000); 10,000 + U(0, 10,000); 120,000 + U(0, 30,000).
    expect([2000, 10_000, 120_000].map((ms) => first(ms))).toEqual([3500, 15_000, 135_000]);
  });

  test("grows like startingDelay, to maxDelay above the floor", () => {
    draw(0.999999999);
    expect(
      [1, 2, 3, 4].map((attempt) => delayBefore(attempt, settings(), { reconnectionTime: 10_000 })),
    ).toEqual([20_000, 30_000, 40_000, 40_000]);
  });

  test("without jitter the longer of floor and delay counts", () => {
    const delays = (reconnectionTime: number): number[] =>
      [1, 2, 3].map((attempt) => delayBefore(attempt, exact(), { reconnectionTime }));
    expect(delays(500)).toEqual([3000, 6000, 12_000]);
    expect(delays(10_000)).toEqual([10_000, 20_000, 30_000]);
    expect(delays(60_000)).toEqual([60_000, 60_000, 60_000]);
  });

  test.each([0, NaN, -5])("of %d ms takes nothing away", (reconnectionTime) => {
    draw(0.5);
    expect(first(reconnectionTime)).toBe(1500);
    expect(first(reconnectionTime, { startingDelay: 0 })).toBe(SHORTEST);
  });

  test.each([Infinity, 9_999_999_999])("of %d ms is cut to what setTimeout can hold", (ms) => {
    expect(first(ms)).toBe(LONGEST);
  });

  test("and Retry-After: the larger one is the floor", () => {
    draw(0);
    const both = (reconnectionTime: number, retryAfter: number): number =>
      delayBefore(1, settings(), { reconnectionTime, retryAfter });
    expect(both(2000, 5000)).toBe(5000);
    expect(both(5000, 2000)).toBe(5000);
  });
});

describe("server-paced polling", () => {
  test.each([
    [500, 0, 500],
    [500, 0.5, 625],
    [500, 1, 750],
    [0, 1, 500],
    [100, 1, 500],
    [60_000, 0.5, 75_000],
  ])("retry: %d with a draw of %d waits %d ms", (reconnectionTime, drawn, expected) => {
    draw(drawn);
    expect(delayOfPolling(reconnectionTime, settings())).toBe(expected);
  });

  test("without jitter it is the time that the server named", () => {
    draw(0.5);
    expect(delayOfPolling(2000, exact())).toBe(2000);
    expect(delayOfPolling(Infinity, exact())).toBe(LONGEST);
  });
});

describe("Retry-After", () => {
  test("is a floor with the jitter on top, so that not all clients return in the same moment", () => {
    draw(0);
    expect(delayBefore(1, settings(), { retryAfter: 3000 })).toBe(3000);
    draw(0.5);
    expect(delayBefore(1, settings(), { retryAfter: 3000 })).toBe(4500);
  });

  test("may exceed maxDelay: the server knows", () => {
    draw(0);
    expect(delayBefore(1, settings(), { retryAfter: 120_000 })).toBe(120_000);
  });

  test("without jitter the longer of the two counts", () => {
    expect(delayBefore(1, exact(), { retryAfter: 1000 })).toBe(3000);
    expect(delayBefore(1, exact(), { retryAfter: 5000 })).toBe(5000);
  });

  test.each([Infinity, 1e12])("of %d ms is cut to what setTimeout can hold", (retryAfter) => {
    expect(delayBefore(1, settings(), { retryAfter })).toBe(LONGEST);
  });

  test.each(["full", "none"] as const)(
    "stays a floor after a thousand failures with startingDelay 0 (jitter %s)",
    (jitter) => {
      expect(delayBefore(2000, settings({ startingDelay: 0, jitter }), { retryAfter: 5000 })).toBe(
        5000,
      );
    },
  );
});

test("any settings, attempt and server: a wait that setTimeout can hold, never under the minimum, never under the server's floor", () => {
  const ms = fc.oneof(fc.integer({ min: 0, max: LONGEST }), fc.constantFrom(0, 1, 100, LONGEST));
  const number = fc.oneof(fc.double({ min: 0 }), fc.constantFrom(0, NaN, Infinity));
  fc.assert(
    fc.property(
      fc.record({
        startingDelay: ms,
        timeMultiple: fc.double({ min: 1, max: Number.MAX_VALUE, noNaN: true }),
        maxDelay: ms,
        jitter: fc.constantFrom("full", "none"),
        delayFirstAttempt: fc.boolean(),
      }),
      fc.integer({ min: 1, max: 100_000 }),
      fc.option(number, { nil: undefined }),
      fc.option(fc.double({ min: 0, noNaN: true }), { nil: undefined }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (backoff, attempt, reconnectionTime, retryAfter, random) => {
        draw(random);
        const delay = delayBefore(attempt, settings(backoff), { reconnectionTime, retryAfter });
        const floor = Math.max(reconnectionTime || 0, retryAfter ?? 0);
        expect(delay).toBeGreaterThanOrEqual(Math.max(SHORTEST, Math.min(floor, LONGEST)));
        expect(delay).toBeLessThanOrEqual(LONGEST);
        expect(delay).toBeLessThanOrEqual(Math.ceil(Math.max(SHORTEST, floor + backoff.maxDelay)));
      },
    ),
    { numRuns: 1000 },
  );
});
