import { afterEach, expect, test, vi } from "vitest";
import { delayOffline, reachedNoServer } from "../../../src/connection/offline.ts";
import { ConnectionError, type ConnectionErrorReason } from "../../../src/errors.ts";
import { resolveOptions } from "../../../src/option-checks.ts";
import type { BackoffOptions, BackoffSettings } from "../../../src/options.ts";

const SHORTEST = 100;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Settings as the loop gets them: filled in, checked. */
const settings = (backoff: BackoffOptions = {}): BackoffSettings =>
  resolveOptions({ backoff }).backoff;

test("the slowest pace: the upper half of maxDelay, or the server's floor", () => {
  const delays = [0, 0.5, 1].map((drawn) => {
    vi.spyOn(Math, "random").mockReturnValue(drawn);
    return delayOffline(settings(), {});
  });
  expect(delays).toEqual([15_000, 22_500, 30_000]);
  expect(delayOffline(settings({ jitter: "none" }), {})).toBe(30_000);
  expect(delayOffline(settings(), { retryAfter: 60_000 })).toBe(60_000);
  expect(delayOffline(settings({ maxDelay: 0 }), {})).toBe(SHORTEST);
});

test("an answer of a server, or a request that can never work, is no effect of being offline", () => {
  const reached: Record<ConnectionErrorReason, boolean> = {
    network: false,
    timeout: false,
    rejected: false,
    ended: true,
    status: true,
    "content-type": true,
    redirect: true,
    unsupported: true,
  };
  const names = Object.keys(reached) as ConnectionErrorReason[];
  const found = names.map((reason) => [
    reason,
    !reachedNoServer(new ConnectionError("it failed", { reason })),
  ]);
  expect(Object.fromEntries(found)).toEqual(reached);
});
