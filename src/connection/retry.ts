import type { ConnectionError, ConnectionErrorReason } from "../errors.ts";
import { report } from "../util/report.ts";

/** The application's own answer to "should I try again?": `attempt` is the number of the retry that would come, from 1. */
export type RetryPolicy = (error: ConnectionError, attempt: number) => boolean | Promise<boolean>;

/** What is tried again. Each row says why; the rows that are not retried are written out, too. */
const retried: Record<ConnectionErrorReason, boolean | ((status: number) => boolean)> = {
  /** Outages are what we are for. */
  network: true,
  /** "Reestablish the connection": the standard's answer to the end of a stream. */
  ended: true,
  /** Silence is an outage that nobody reported. */
  timeout: true,
  /** EventSource hides the cause; the next attempt, by fetch, learns it. */
  rejected: true,
  /** Transient answers. 204 is the standard's way for a server to say stop; for the others, asking again changes nothing. */
  status: (status) =>
    status === 408 || status === 425 || status === 429 || (status >= 500 && status <= 599),
  /** A wrong URL. */
  "content-type": false,
  /** A login page, most often. The application can call `reconnect()` after the login. */
  redirect: false,
  /** Nothing here can read an event stream. */
  unsupported: false,
};

/** The retry table: whether a connection that ended with `error` is tried again. Replaced by `backoff.retry`. */
export function isRetried({ reason, status = 0 }: ConnectionError): boolean {
  const row = retried[reason];
  return typeof row === "function" ? row(status) : row;
}

/**
 * Asks `retry`, the application's own policy, or the table where there is none. A policy that throws is reported, and the table decides: a
 * token refresh that fails in an outage must not end the stream.
 */
export function decideRetry(
  error: ConnectionError,
  attempt: number,
  retry: RetryPolicy | undefined,
): boolean | Promise<boolean> {
  const fallBack = (thrown: unknown): boolean => {
    report(thrown);
    return isRetried(error);
  };
  try {
    const verdict = retry ? retry(error, attempt) : isRetried(error);
    // Untyped code may answer with nothing, which means no, as in the package, or with a promise that is not a native one.
    return typeof verdict === "boolean"
      ? verdict
      : Promise.resolve(verdict).then(Boolean, fallBack);
  } catch (thrown) {
    return fallBack(thrown);
  }
}
