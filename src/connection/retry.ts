import { isNormalEnd, type ConnectionError, type ConnectionErrorReason } from "../errors.ts";
import { reportException } from "../util/report-exception.ts";

/**
 * The application's answer to "should I try again?", in place of the retry table.
 *
 * @param attempt The number of the retry that would come, from 1.
 * @returns A boolean, or the wait in milliseconds, or a promise of one of them. A number is waited
 * exactly, without jitter, even if the server asked for more; at least 100 and at most 2^31-1.
 */
export type RetryPolicy = (
  error: ConnectionError,
  attempt: number,
) => RetryVerdict | Promise<RetryVerdict>;

/** True: try again; false: give up; a number: try again after this many milliseconds. */
export type RetryVerdict = boolean | number;

/** The facts that the decision depends on, in addition to the error. */
export interface RetryFacts {
  /** How long ago a connection of this source was lost, in milliseconds. Default Infinity. */
  readonly lostFor?: number | undefined;
}

/** How long (ms) after a lost connection a proxy may answer in place of a server that restarts. */
const DEPLOYMENT = 60_000;

type Row = boolean | ((status: number, lostFor: number) => boolean);

/** For each reason: is the connection tried again, and why. */
const retried: Record<ConnectionErrorReason, Row> = {
  /** Outages are what this library is for. */
  network: true,
  /** "Reestablish the connection": the standard's answer to the end of a stream. */
  ended: true,
  /** Silence is an outage that nobody reported. */
  timeout: true,
  /** EventSource hides the cause; the next attempt, by fetch, learns it. */
  rejected: true,
  /**
   * Transient answers. 204 is the standard's way for a server to say stop; for the others, asking
   * again changes nothing. But a proxy answers 404 while the server behind it is being replaced.
   */
  status: (status, lostFor) =>
    status === 408 ||
    status === 425 ||
    status === 429 ||
    (status >= 500 && status <= 599) ||
    (status === 404 && lostFor < DEPLOYMENT),
  /** A wrong URL, or a proxy's placeholder page while the server behind it is being replaced. */
  "content-type": (_status, lostFor) => lostFor < DEPLOYMENT,
  /** A login page, most often. The application can call `reconnect()` after the login. */
  redirect: false,
  /** Nothing here can read an event stream. */
  unsupported: false,
};

/**
 * The retry table: returns true if a connection that ended with `error` is tried again.
 * `backoff.retry` replaces it.
 */
export function isRetried(
  { reason, status = 0, repeatable }: ConnectionError,
  { lostFor = Infinity }: RetryFacts = {},
): boolean {
  // These statuses mean that the server did not do the work. After 502 or 504 the work has often
  // been done.
  if (repeatable === false) return [408, 425, 429, 503].includes(status);
  const row = retried[reason];
  return typeof row === "function" ? row(status, lostFor) : row;
}

/**
 * The meaning of an end for the source:
 *
 * - `normal`: the server has said all it has to say; nothing failed, and nothing follows
 * - `polled`: the server makes its clients poll; nothing failed, and the next poll follows
 * - `unnoticed`: offline, and no server was reached: it neither counts nor is reported (offline.ts)
 * - `failed`: everything else
 */
export type End = "normal" | "polled" | "unnoticed" | "failed";

/** The facts that the meaning of an end depends on, in addition to the error. */
export interface EndFacts {
  /** The request was sent and must not be sent again. */
  readonly isUnrepeatable: boolean;
  /** The connection itself has named a reconnection time. */
  readonly hasNamedTime: boolean;
  /** The device is offline, and no server was reached. */
  readonly isOutOfReach: boolean;
}

/** Classifies the end of a connection. */
export function classify(
  error: ConnectionError,
  { isUnrepeatable, hasNamedTime, isOutOfReach }: EndFacts,
): End {
  if (isNormalEnd(error, isUnrepeatable)) return "normal";
  if (hasNamedTime && error.reason === "ended") return "polled";
  return isOutOfReach && !isUnrepeatable ? "unnoticed" : "failed";
}

/**
 * Asks `retry`, the application's policy, or the table if there is none. If a policy throws or
 * answers NaN, that is reported and the table decides: a token refresh that fails in an outage
 * must not end the stream.
 */
export function decideRetry(
  error: ConnectionError,
  attempt: number,
  facts: RetryFacts,
  retry: RetryPolicy | undefined,
): RetryVerdict | Promise<RetryVerdict> {
  const fallBack = (thrown: unknown): boolean => {
    reportException(thrown);
    return isRetried(error, facts);
  };
  const toVerdict = (answer: unknown): RetryVerdict => {
    if (Number.isNaN(answer)) return fallBack(new RangeError("backoff.retry answered NaN"));
    // Untyped code may return nothing. That counts as false, as in exponential-backoff.
    return typeof answer === "number" ? answer : !!answer;
  };
  try {
    const answer: unknown = retry ? retry(error, attempt) : isRetried(error, facts);
    return typeof answer === "object" && answer !== null
      ? Promise.resolve(answer).then(toVerdict, fallBack)
      : toVerdict(answer);
  } catch (thrown) {
    return fallBack(thrown);
  }
}
