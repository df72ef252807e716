import type { ConnectionError } from "../errors.ts";
import type { Settings } from "../options.ts";
import type { OpenDetails } from "../transport/transport.ts";
import { aborted, sleep } from "../util/sleep.ts";
import { attemptConnection, type AttemptHost, type AttemptSink } from "./attempt.ts";
import { delayBefore } from "./backoff.ts";
import { mustDisconnect } from "./gate.ts";
import { decideRetry } from "./retry.ts";
import type { ConnectionState, Role } from "./state.ts";

/** The states that a failed connection leads to. */
type FailedState =
  | Extract<ConnectionState, { status: "waiting" }>
  | { readonly status: "closed"; readonly error: ConnectionError };

/** What the loop needs from its owner. No callback may throw. */
export interface LoopHost extends AttemptHost {
  readonly settings: Settings;
  /** Receives what the connections deliver. */
  readonly sink: Pick<AttemptSink, "event" | "lastEventId" | "reopen">;
  /** Publishes a state. */
  setState(state: ConnectionState): void;
  /** A connection has opened; the state is published already. */
  opened(details: OpenDetails): void;
  /** A connection has failed; the state, which says what comes next, is published already. */
  failed(state: FailedState): void;
}

/** Everything that takes time is a step: a pause, an attempt, a decision, a wait. */
interface Step {
  readonly controller: AbortController;
  /** Checked when the step begins and at every change of the gate: if true, the step ends. */
  readonly isCutShort: () => boolean;
}

const never = (): boolean => false;

/** Keeps one connection alive: gate, attempt, classify, report, wait, and again. */
export class Loop {
  private readonly _host: LoopHost;
  private readonly _sink: AttemptSink;
  private _closed = false;
  private _running = false;
  private _step: Step | undefined;
  /**
   * How many connections in a row failed before they had been open for `minUptime`; also the number
   * of the next attempt.
   */
  private _failures = 0;
  /**
   * The stream's reconnection time, after a server has named one. As in the standard it outlives
   * the connection.
   */
  private _reconnectionTime: number | undefined;
  /** When the current connection opened, in milliseconds since the epoch; 0 before that. */
  private _openedAt = 0;
  private _role: Role | undefined;

  /** Starts it: the first attempt begins in a later task, so that listeners can be added first. */
  constructor(host: LoopHost) {
    this._host = host;
    this._sink = this._createSink();
    const { backoff } = host.settings;
    void this._start(backoff.delayFirstAttempt ? delayBefore(0, backoff) : 0);
  }

  /** Ends it for good. After that it makes no calls. */
  close(): void {
    this._closed = true;
    this._interrupt();
  }

  /**
   * Connects now: cuts a wait short, replaces an open connection, starts again after giving up.
   * Does nothing after `close()`.
   */
  reconnect(): void {
    if (this._closed) return;
    if (this._running) {
      this._interrupt();
      return;
    }
    this._failures = 0;
    this._host.setState({ status: "connecting", attempt: 0 });
    void this._start(0);
  }

  private async _start(delay: number): Promise<void> {
    this._running = true;
    const unwatch = this._host.gate.watch((signal) => {
      if (signal === "changed" && this._step?.isCutShort()) this._interrupt();
    });
    // A promise even without a delay: the caller gets time to add listeners.
    await (delay ? sleep(delay, this._nextStep()) : Promise.resolve());
    await this._run();
    unwatch();
  }

  private _interrupt(): void {
    this._step?.controller.abort();
  }

  /**
   * Begins a step and returns the signal that interrupts it. `close()` and `reconnect()` interrupt
   * every step. The step before is aborted, too: its connection, if it timed out, is still there.
   *
   * Not an async function that runs a step: the microtask between the end of one such call and the
   * beginning of the next would belong to no step, and a `reconnect()` in it would be lost. As it
   * is, a step lasts until the next one begins, and its signal can be read until then.
   */
  private _nextStep(isCutShort: () => boolean = never): AbortSignal {
    this._interrupt();
    this._step = { controller: new AbortController(), isCutShort };
    if (isCutShort()) this._interrupt();
    return this._step.controller.signal;
  }

  // One function although it is long: the steps stand here in the order in which they happen.
  private async _run(): Promise<void> {
    const { _host: host } = this;
    const { gate, settings } = host;
    const { backoff, minUptime } = settings;
    while (!this._closed) {
      // Gate.
      const { blocked } = gate;
      if (blocked) {
        const changed = this._nextStep(() => gate.blocked !== blocked);
        host.setState({ status: "paused", reason: blocked });
        await aborted(changed);
        continue;
      }

      // Attempt.
      this._openedAt = 0;
      const interrupted = this._nextStep(() => mustDisconnect(gate));
      host.setState({ status: "connecting", attempt: this._failures });
      const { error, openFor } = await attemptConnection(
        host,
        this._sink,
        this._failures,
        interrupted,
      );
      if (openFor !== undefined && openFor >= minUptime) this._failures = 0;
      if (interrupted.aborted || !error) continue;

      // Classify. The policy itself may call `close()` and `reconnect()`, which overrule it.
      const failures = ++this._failures;
      const overruled = this._nextStep();
      let isRetried = decideRetry(error, failures, backoff.retry);
      if (typeof isRetried === "object" && !overruled.aborted) {
        // The policy may take its time, for a fresh token perhaps. The connection is gone, so the
        // state must not say "open".
        host.setState({ status: "connecting", attempt: failures });
        isRetried = await Promise.race([isRetried, aborted(overruled).then(() => true)]);
      }
      if (overruled.aborted) continue;

      // Grace period: a page that is being left pauses without an error, since it may come back.
      // An error that another tab reports has nothing to do with this page.
      const left = this._nextStep(() => mustDisconnect(gate));
      if (gate.errorGracePeriod && error.retryIn === undefined)
        await sleep(gate.errorGracePeriod, left);
      if (left.aborted) continue;

      // Report.
      if (!isRetried || failures >= backoff.numOfAttempts) {
        this._running = false;
        this._publish({ status: "closed", error });
        return;
      }

      // Wait. The timer starts before the wait is published, so that it takes no longer than that.
      const delay =
        error.retryIn ??
        delayBefore(failures, backoff, {
          reconnectionTime: this._reconnectionTime,
          retryAfter: error.retryAfter,
        });
      const waited = sleep(
        delay,
        this._nextStep(() => gate.blocked !== undefined),
      );
      this._publish({
        status: "waiting",
        attempt: failures,
        delay,
        retryAt: Date.now() + delay,
        error,
      });
      await waited;
    }
  }

  private _publish(state: FailedState): void {
    this._host.setState(state);
    // A listener of the state may have called `close()` or `reconnect()`.
    if (!this._closed && this._running === (state.status === "waiting")) this._host.failed(state);
  }

  private _setOpen(): void {
    const { _openedAt: openedAt, _role: role } = this;
    this._host.setState({ status: "open", openedAt, ...(role && { role }) });
  }

  private _createSink(): AttemptSink {
    const { _host: host } = this;
    // Not spread into the object: each source's sink would have a shape of its own, which makes
    // V8 compile slower code for the call per event.
    const { event, lastEventId, reopen } = host.sink;
    return {
      event,
      lastEventId,
      reopen,
      activity: () => undefined,
      open: (details = {}) => {
        this._openedAt = Date.now();
        this._setOpen();
        // A listener of the state may have closed or replaced this connection.
        if (!this._step?.controller.signal.aborted) host.opened(details);
      },
      role: (role) => {
        this._role = role;
        if (this._openedAt) this._setOpen();
      },
      retry: (ms) => {
        this._reconnectionTime = ms;
      },
    };
  }
}
