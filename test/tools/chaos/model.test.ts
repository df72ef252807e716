import { expect, test } from "vitest";
import { installModel, type Pace, type Wait } from "./model.ts";

installModel();

const backoff = { startingDelay: 200, maxDelay: 800, timeMultiple: 2, jitter: "full" } as const;
const pace: Pace = { backoff, retries: [0], hasNamedTime: false };
const lost: Wait = { attempt: 1, delay: 150, reason: "network" };

/** The shortest and the longest whole number of ms that the model allows. */
function bounds(wait: Partial<Wait>, known: Partial<Pace> = {}): [number, number] | undefined {
  const isAllowed = (delay: number): boolean =>
    !model.faultOfWait({ ...lost, ...wait, delay }, { ...pace, ...known });
  let least = 0;
  while (!isAllowed(least)) if (++least > 10_000) return undefined;
  let most = least;
  while (isAllowed(most + 1)) most++;
  return [least, most];
}

test.each<[what: string, Partial<Wait>, Partial<Pace>, ReturnType<typeof bounds>]>([
  ["nobody named a time", {}, {}, [100, 200]],
  ["it grows", { attempt: 2 }, {}, [100, 400]],
  ["up to maxDelay", { attempt: 9 }, {}, [100, 800]],
  ["without jitter", { attempt: 2 }, { backoff: { ...backoff, jitter: "none" } }, [400, 400]],
  ["never 0", {}, { backoff: { ...backoff, startingDelay: 0, jitter: "none" } }, [100, 100]],
  ["retry is a floor", {}, { retries: [300] }, [300, 600]],
  ["Retry-After is a floor", { retryAfter: 1000 }, {}, [1000, 1200]],
  ["the larger floor counts", { retryAfter: 250 }, { retries: [700] }, [700, 1400]],
  ["polling", { attempt: 0, reason: "ended" }, { retries: [700], hasNamedTime: true }, [700, 1050]],
  ["polling fast", { attempt: 0, reason: "ended" }, { hasNamedTime: true }, [500, 500]],
  ["an end is a failure", { reason: "ended" }, { retries: [300] }, [300, 600]],
  ["an end is none after retry", { reason: "ended" }, { hasNamedTime: true }, undefined],
  ["attempt 0 after a failure", { attempt: 0 }, { hasNamedTime: true }, undefined],
  ["attempt 0 without retry", { attempt: 0, reason: "ended" }, {}, undefined],
  ["another tab decides", { retryIn: 1234.5 }, { retries: [9999] }, [1235, 1235]],
  ["one of two", { attempt: 0, reason: "ended" }, { hasNamedTime: undefined }, [500, 500]],
])("a wait: %s", (_what, wait, known, expected) => {
  expect(bounds(wait, known)).toEqual(expected);
});

test("a wait has an upper end", () => {
  const wait: Wait = { ...lost, delay: 2 ** 31 - 1 };
  expect(model.faultOfWait(wait, { ...pace, retries: [1e29] })).toBeUndefined();
  expect(model.faultOfWait({ ...wait, delay: 2 ** 31 }, { ...pace, retries: [1e29] })).toBe(
    'a wait of 2147483648 ms before attempt 1 after "network", allowed: 2147483647 to 2147483647',
  );
});

test.each([
  ["full", [0], [400, 800]],
  ["none", [0], [800, 800]],
  ["full", [600], [600, 800]],
  ["none", [900], [900, 900]],
] as const)("a wait offline, jitter %s, retry %j: %j", (jitter, retries, [least, most]) => {
  const fault = (delay: number): string | undefined =>
    model.faultOfOfflineWait(delay, 0, { ...pace, backoff: { ...backoff, jitter }, retries });
  expect([least, most].map(fault)).toEqual([undefined, undefined]);
  // A moment may pass between a state and the reading of the clock.
  expect([least - 1, most + 2].map((delay) => !!fault(delay))).toEqual([true, true]);
});

test.each([
  ["network", 0, false, false],
  ["ended", 200, false, false],
  ["timeout", 0, false, false],
  ["rejected", 0, false, false],
  ["redirect", 0, true, true],
  ["unsupported", 0, true, true],
  ["content-type", 200, false, true],
  ["status", 404, false, true],
  ["status", 204, true, true],
  ["status", 401, true, true],
  ["status", 410, true, true],
  ["status", 408, false, false],
  ["status", 425, false, false],
  ["status", 429, false, false],
  ["status", 500, false, false],
  ["status", 599, false, false],
  ["status", 600, true, true],
] as const)("final: %s %d, soon after a loss %s, later %s", (reason, status, soon, later) => {
  expect([59_999, 60_000].map((lostFor) => model.isFinal(reason, status, lostFor))).toEqual([
    soon,
    later,
  ]);
});
