import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decideRetry, isRetried } from "../../../src/connection/retry.ts";
import { ConnectionError, type ConnectionErrorReason } from "../../../src/errors.ts";

const reportError = vi.fn();
beforeEach(() => {
  reportError.mockReset();
  vi.stubGlobal("reportError", reportError);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const ended = (reason: ConnectionErrorReason, status?: number): ConnectionError =>
  new ConnectionError("", { reason, status });

describe("the table", () => {
  /** A reason without a row is a type error. */
  const rows: Record<Exclude<ConnectionErrorReason, "status">, boolean> = {
    network: true,
    ended: true,
    timeout: true,
    rejected: true,
    "content-type": false,
    redirect: false,
    unsupported: false,
  };

  test.each(Object.entries(rows) as [keyof typeof rows, boolean][])("%s: %s", (reason, retried) => {
    expect(isRetried(ended(reason))).toBe(retried);
    // The status of a 200 that was something else plays no part.
    expect(isRetried(ended(reason, 200))).toBe(retried);
  });

  test("of the statuses 100 to 599 it retries 408, 425, 429 and 5xx", () => {
    const retried = Array.from({ length: 500 }, (_, index) => index + 100).filter((status) =>
      isRetried(ended("status", status)),
    );
    expect(retried).toEqual([
      408,
      425,
      429,
      ...Array.from({ length: 100 }, (_, index) => index + 500),
    ]);
  });

  test.each([undefined, 0, 600, 999])("a status of %s is not retried", (status) => {
    expect(isRetried(ended("status", status))).toBe(false);
  });
});

describe("backoff.retry", () => {
  test.each([true, false])("replaces the table, sync and async (%s)", async (verdict) => {
    const opposite = ended(verdict ? "content-type" : "network");
    expect(await decideRetry(opposite, 1, {}, () => verdict)).toBe(verdict);
    expect(await decideRetry(opposite, 1, {}, async () => verdict)).toBe(verdict);
  });

  test("gets the error and the number of the retry that would come", () => {
    const policy = vi.fn(() => true);
    const error = ended("network");
    void decideRetry(error, 7, {}, policy);
    expect(policy.mock.calls).toEqual([[error, 7]]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("refresh failed");
      },
    ],
    ["rejects", () => Promise.reject(new Error("refresh failed"))],
  ] as const)("when it %s, that is reported and the table decides", async (_, policy) => {
    expect(await decideRetry(ended("network"), 1, {}, policy)).toBe(true);
    expect(await decideRetry(ended("content-type"), 1, {}, policy)).toBe(false);
    expect(reportError.mock.calls).toEqual([
      [new Error("refresh failed")],
      [new Error("refresh failed")],
    ]);
  });

  test.each([undefined, null, ""])(
    "an untyped answer of %j means no, as in the package",
    async (answer) => {
      expect(await decideRetry(ended("network"), 1, {}, () => answer as any)).toBeFalsy();
      expect(await decideRetry(ended("network"), 1, {}, async () => answer as any)).toBeFalsy();
      expect(reportError).not.toHaveBeenCalled();
    },
  );
});
