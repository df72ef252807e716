// Runs in pages and in a process of its own, so nothing here may refer to anything outside of
// `installModel`.
import type { BackoffOptions, ConnectionErrorReason } from "../../../src/index.ts";

/** A wait between two attempts, as a source reports it. */
export interface Wait {
  attempt: number;
  delay: number;
  reason: ConnectionErrorReason;
  /** The wait that Retry-After asked for (ms). */
  retryAfter?: number | undefined;
  /** The decision of another tab (ms). */
  retryIn?: number | undefined;
}

/** The known facts about the stream when a wait begins. */
export interface Pace {
  backoff: Record<"startingDelay" | "maxDelay" | "timeMultiple", number> &
    Pick<BackoffOptions, "jitter">;
  /** The reconnection time (ms), or all that it can be where the transport does not show it. */
  retries: readonly number[];
  /** True if the connection that ended had named it; undefined if the transport hides that. */
  hasNamedTime: boolean | undefined;
}

/** The rules of retrying, written a second time, independently of `src`. */
interface Model {
  /** Returns what is wrong with a wait, or undefined. */
  faultOfWait(wait: Wait, pace: Pace): string | undefined;
  /** Returns what is wrong with a wait between two attempts while the device is offline. */
  faultOfOfflineWait(delay: number, slack: number, pace: Pace): string | undefined;
  /** Returns whether the end of an attempt leaves open that the server is out of reach. */
  isUnanswered(reason: ConnectionErrorReason): boolean;
  /**
   * Returns whether a source gives up.
   *
   * @param lostFor How long ago its last connection was lost (ms).
   */
  isFinal(reason: ConnectionErrorReason, status: number, lostFor: number): boolean;
}

declare global {
  var model: Model;
}

export function installModel(): void {
  const clamp = (ms: number): number => Math.ceil(Math.min(Math.max(ms, 100), 2 ** 31 - 1));

  /** The shortest and the longest wait that a reconnection time allows. */
  const boundsOf = (
    { attempt, reason, retryAfter = 0 }: Wait,
    { backoff, hasNamedTime }: Pace,
    retry: number,
  ): [number, number][] => {
    const { startingDelay, maxDelay, timeMultiple, jitter } = backoff;
    const isFull = jitter === "full";
    const bounds: [number, number][] = [];
    const mayPoll = reason === "ended" && hasNamedTime !== false;
    if (mayPoll && attempt === 0)
      bounds.push([Math.max(500, retry), Math.max(500, isFull ? 1.5 * retry : retry)]);
    const mayHaveFailed = reason !== "ended" || hasNamedTime !== true;
    if (mayHaveFailed && attempt > 0) {
      const floor = Math.max(retry, retryAfter);
      const base = Math.max(retry, startingDelay);
      const grown = Math.min(base * timeMultiple ** (attempt - 1), maxDelay);
      const exact = Math.max(floor, grown);
      bounds.push(isFull ? [floor, floor + grown] : [exact, exact]);
    }
    return bounds;
  };

  globalThis.model = {
    faultOfWait(wait, pace) {
      const { attempt, delay, reason, retryIn } = wait;
      const bounds: [number, number][] =
        retryIn === undefined
          ? pace.retries.flatMap((retry) => boundsOf(wait, pace, retry))
          : [[retryIn, retryIn]];
      const allowed = bounds.map(([least, most]) => [clamp(least), clamp(most)] as const);
      if (allowed.some(([least, most]) => delay >= least && delay <= most)) return undefined;
      return `a wait of ${delay} ms before attempt ${attempt} after "${reason}", allowed: ${
        allowed.map(([least, most]) => `${least} to ${most}`).join(", ") || "none"
      }`;
    },
    faultOfOfflineWait(delay, slack, { backoff: { maxDelay, jitter }, retries }) {
      const bounds = retries.map((retry): [number, number] => [
        clamp(Math.max(retry, jitter === "full" ? maxDelay / 2 : maxDelay)),
        clamp(Math.max(retry, maxDelay)),
      ]);
      if (bounds.some(([least, most]) => delay >= least - slack && delay <= most + 1))
        return undefined;
      return `a wait of ${delay} ms offline, allowed: ${bounds.map((both) => both.join(" to ")).join()}`;
    },
    isUnanswered: (reason) => ["network", "timeout", "rejected"].includes(reason),
    isFinal(reason, status, lostFor) {
      // In the minute after a loss a proxy may answer for a server that is being replaced.
      const isRestart = lostFor < 60_000;
      switch (reason) {
        case "network":
        case "ended":
        case "timeout":
        case "rejected":
          return false;
        case "redirect":
        case "unsupported":
          return true;
        case "content-type":
          return !isRestart;
        case "status":
          if ([408, 425, 429].includes(status)) return false;
          if (status === 404) return !isRestart;
          return !(status >= 500 && status < 600);
      }
    },
  };
}
