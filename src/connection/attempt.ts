import { ConnectionError } from "../errors.ts";
import type { Gate } from "./gate.ts";
import { messageOf } from "../util/report.ts";
import type { Sink, Transport, TransportRequest } from "../transport/transport.ts";

/** What an attempt needs from whoever runs it. */
export interface AttemptHost {
  readonly transport: Transport;
  readonly gate: Gate;
  readonly settings: { readonly connectTimeout: number; readonly heartbeatTimeout: number };
  /** What to ask for. Called once an attempt, since tokens in URLs expire. */
  request(attempt: number, signal: AbortSignal): Promise<Omit<TransportRequest, "signal">>;
}

/** Gets what an attempt hears, as long as it lives. */
export interface AttemptSink extends Sink {
  /** The shared connection behind this one was replaced, which is no end and no opening of this one. */
  reopen(): void;
}

/** How an attempt ended. */
export interface AttemptEnd {
  /** Undefined: it was interrupted, and nothing is wrong. */
  readonly error: ConnectionError | undefined;
  /** How long the connection was open, in milliseconds; undefined: it never opened. */
  readonly openFor: number | undefined;
}

/** The silence of a connection is counted in this many ticks, so that time in which timers do not run (a frozen page) is not silence. */
const TICKS = 4;
/** How long (ms) a connection may stay silent after its page had reason to doubt that it lives. */
const DOUBT = 10_000;

/**
 * Makes one connection and lives with it to its end. It settles once, has its own signal, and after it has settled its transport reaches nobody:
 * a stale attempt cannot touch the current one, whatever it does.
 *
 * @param signal Of this attempt alone: its abort interrupts the attempt. Who runs the attempt aborts it when that has settled, too: a connection that
 * timed out is still there.
 */
export function attemptConnection(
  host: AttemptHost,
  sink: AttemptSink,
  attempt: number,
  signal: AbortSignal,
): Promise<AttemptEnd> {
  return new Promise((resolve) => {
    const { connectTimeout, heartbeatTimeout } = host.settings;
    const { event: deliver } = sink;
    let live = true;
    let openedAt: number | undefined;
    let quietTicks = 0;
    /** Set by a doubt, cleared by any sign of life. */
    let doubted = false;
    let verdict: ReturnType<typeof setTimeout> | undefined;
    let deadline: ReturnType<typeof setTimeout> | undefined;
    let watchdog: ReturnType<typeof setInterval> | undefined;

    const settle = (error?: ConnectionError): void => {
      if (!live) return;
      live = false;
      clearTimeout(deadline);
      clearInterval(watchdog);
      clearTimeout(verdict);
      unwatch();
      signal.removeEventListener("abort", interrupt);
      resolve({
        error,
        openFor: openedAt === undefined ? undefined : performance.now() - openedAt,
      });
    };
    const interrupt = (): void => {
      settle();
    };
    const timeOut = (message: string): void => {
      settle(new ConnectionError(message, { reason: "timeout" }));
    };
    const expectOpen = (): void => {
      if (connectTimeout)
        deadline = setTimeout(timeOut, connectTimeout, `no connection within ${connectTimeout} ms`);
    };
    const listenForSilence = (): void => {
      if (++quietTicks > TICKS) timeOut(`nothing was heard for ${heartbeatTimeout} ms`);
    };

    const doubt = (): void => {
      doubted = true;
      clearTimeout(verdict);
      verdict = setTimeout(() => {
        if (doubted) timeOut("nothing was heard since the network changed or the device slept");
      }, DOUBT);
    };
    const heard = (): void => {
      quietTicks = 0;
      doubted = false;
    };

    const guarded: Sink = {
      open(details) {
        if (!live) return;
        clearTimeout(deadline);
        heard();
        if (openedAt !== undefined) {
          sink.reopen();
          return;
        }
        openedAt = performance.now();
        if (heartbeatTimeout) watchdog = setInterval(listenForSilence, heartbeatTimeout / TICKS);
        sink.open(details);
      },
      event(type, data, meta) {
        if (!live) return;
        heard();
        deliver(type, data, meta);
      },
      lastEventId(id) {
        if (live) sink.lastEventId(id);
      },
      activity: heard,
      role(role) {
        if (!live) return;
        // A new leader has yet to connect, even though it has been open as a follower.
        if (openedAt !== undefined) expectOpen();
        sink.role?.(role);
      },
      retry(ms) {
        if (live) sink.retry(ms);
      },
    };

    const unwatch = host.gate.watch((signal) => {
      if (signal === "suspect") doubt();
    });
    expectOpen();
    if (signal.aborted) {
      settle();
      return;
    }
    signal.addEventListener("abort", interrupt);
    const run = async (): Promise<void> => {
      const request = await host.request(attempt, signal);
      if (live) await host.transport({ ...request, signal }, guarded);
    };
    run().then(
      () => {
        settle(new ConnectionError("the server ended the stream", { reason: "ended" }));
      },
      (cause: unknown) => {
        settle(
          cause instanceof ConnectionError
            ? cause
            : new ConnectionError(`the connection failed: ${messageOf(cause)}`, {
                reason: "network",
                cause,
              }),
        );
      },
    );
  });
}
