import type { ConnectionError } from "../errors.ts";
import { aborted, sleep } from "../util/sleep.ts";
import { attemptConnection, type AttemptHost } from "./attempt.ts";
import { delayBefore, delayOfPolling, floorOf, toDelay } from "./backoff.ts";
import { Drain } from "./drain.ts";
import type { GateSignal, PauseReason } from "./gate.ts";
import { delayOffline, pausedOffline } from "./offline.ts";
import { ConnectionRecord, type RecordHost } from "./record.ts";
import { decideRetry, type End, type RetryVerdict } from "./retry.ts";
import type { ConnectionState } from "./state.ts";
import { WaitLimits } from "./wait-limits.ts";

/** The states that a failed connection leads to. */
export type FailedState =
  | Extract<ConnectionState, { status: "waiting" }>
  | { readonly status: "closed"; readonly error: ConnectionError };

/** The methods that a loop needs of its owner. None of them may throw. */
export interface LoopHost extends AttemptHost, RecordHost {
  readonly settings: RecordHost["settings"];
  /** A connection has failed; the state, which says what comes next, has been published. */
  failed(state: FailedState): void;
}

/** Everything that takes time is a step: a pause, an attempt, a decision, a wait. */
interface Step {
  readonly controller: AbortController;
  /** Called when the step begins and at every change of the gate: if true, the step ends. */
  readonly shouldEnd: () => boolean;
  /** True for the wait between two attempts. */
  readonly isWait: boolean;
}

const never = (): boolean => false;

/** Keeps one connection alive: gate, attempt, classify, report, wait, and again. */
export class Loop {
  private readonly _host: LoopHost;
  private readonly _record: ConnectionRecord;
  private _isClosed = false;
  private _isRunning = false;
  private _step: Step | undefined;
  private _waitLimits: WaitLimits | undefined;
  /** When the current wait ends, in milliseconds since the epoch. */
  private _retryAt = 0;
  private _drain: Drain | undefined;

  /** Starts it. The first attempt begins in a microtask, so that listeners can be added first. */
  constructor(host: LoopHost) {
    this._host = host;
    this._record = new ConnectionRecord(host);
    const { backoff } = host.settings;
    void this._run(backoff.delayFirstAttempt ? delayBefore(0, backoff) : 0);
  }

  /** Ends it for good. After that it makes no further calls. */
  close(): void {
    this._isClosed = true;
    this._interrupt();
  }

  /**
   * Connects now: cuts a wait short, replaces an open connection, starts again after giving up.
   * Does nothing after `close()`.
   */
  reconnect(): void {
    if (this._isClosed) return;
    this._waitLimits?.abandon();
    if (this._isRunning) {
      this._interrupt();
      return;
    }
    this._record.failures = 0;
    this._record.setConnecting();
    void this._run(0);
  }

  /**
   * Replaces an open connection at a random moment within `within` milliseconds, as attempt 0. If
   * called again, the earlier moment wins. It does nothing in any other state, and nothing in a
   * follower of a shared connection: the leader reconnects for all members.
   */
  drain(within: number): void {
    const { _record: record } = this;
    if (!record.isOpenHere) return;
    (this._drain ??= new Drain()).schedule(within, () => {
      if (record.isUnrepeatable) return;
      record.failures = 0;
      this._interrupt();
    });
  }

  private _interrupt(): void {
    this._drain?.cancel();
    this._step?.controller.abort();
  }

  /**
   * Begins a step and returns the signal that interrupts it. `close()` and `reconnect()` interrupt
   * every step. The previous step is aborted, too: a transport keeps a connection that timed out
   * until its signal aborts.
   *
   * This must not become an async function that runs a step: a `reconnect()` in the microtask
   * between two steps would be lost. As it is, a step lasts until the next one begins, and its
   * signal can be read until then.
   */
  private _nextStep(shouldEnd: () => boolean = never, isWait = false): AbortSignal {
    this._interrupt();
    this._step = { controller: new AbortController(), shouldEnd, isWait };
    if (shouldEnd()) this._interrupt();
    return this._step.controller.signal;
  }

  // Long, but one function, so that the steps can be read in the order in which they happen.
  private async _run(delay: number): Promise<void> {
    const { _host: host, _record: record } = this;
    const { gate } = host;
    const { numOfAttempts, retry } = host.settings.backoff;
    this._isRunning = true;
    const unwatch = gate.watch((signal) => {
      this._react(signal);
    });
    // A frozen or hidden page keeps a connection that cannot be made again.
    const isBlocked = (): boolean => gate.blocked !== undefined && !record.isUnrepeatable;
    // Waits for a microtask even without a delay: the caller gets time to add listeners.
    await (delay ? sleep(delay, this._nextStep()) : undefined);
    while (!this._isClosed) {
      // Gate.
      const { blocked } = gate;
      if (blocked) {
        await this._pause(blocked);
        continue;
      }

      // Attempt.
      const interrupted = this._nextStep(isBlocked);
      record.begin(interrupted);
      const ended = await attemptConnection(host, record, record.failures, interrupted);
      record.end(ended);
      const { error } = ended;
      if (interrupted.aborted || !error) continue;

      // Classify. If another tab has the connection, its decision counts.
      const isDecidedByLeader = error.retryIn !== undefined;
      const end = record.classify(error, ended.openFor === undefined);
      let verdict: RetryVerdict = end !== "normal" && error.retryIn !== Infinity;
      if (end === "failed") {
        const failures = ++record.failures;
        // The policy itself may call `close()` and `reconnect()`, which overrule it.
        const overruled = this._nextStep();
        const { lostFor } = record;
        const answer = isDecidedByLeader
          ? verdict
          : decideRetry(error, failures, { lostFor }, retry);
        if (typeof answer !== "object") verdict = answer;
        else if (!overruled.aborted) {
          // The policy may take its time, for a fresh token perhaps. The connection is gone, so
          // the state must not say "open".
          record.setConnecting();
          verdict = await Promise.race([answer, aborted(overruled).then(() => true)]);
        }
        if (overruled.aborted) continue;
        if (!isDecidedByLeader && failures >= numOfAttempts) verdict = false;
      }

      // Grace period: a page that is being left pauses without an error, since it may come back.
      // An error that another tab reports has nothing to do with this page.
      if (end !== "normal") {
        const wasQuiet = record.isQuiet;
        const departed = this._nextStep(isBlocked);
        if (gate.errorGracePeriod && !isDecidedByLeader && !host.transport.isLocal)
          await sleep(gate.errorGracePeriod, departed);
        if (departed.aborted) continue;
        // Online again before the failure was reported: it counts after all.
        if (wasQuiet && !record.isQuiet) record.failures++;
      }

      // Report and wait.
      if (verdict === false) {
        this._isRunning = false;
        this._publish({ status: "closed", error });
        break;
      }
      await this._waitAfter(error, verdict, end);
    }
    unwatch();
  }

  private _pause(reason: PauseReason): Promise<void> {
    const { _host: host, _record: record } = this;
    const changed = this._nextStep(() => host.gate.blocked !== reason);
    // The state changes, so the next attempt must be shown as "connecting".
    record.isQuiet = false;
    host.setState({ status: "paused", reason });
    return aborted(changed);
  }

  /**
   * Waits before the next attempt: for the delay, then, if the page returned meanwhile, for the
   * rest of the server's floor. Unlike a function that runs one step (see `_nextStep`), this may be
   * async: an attempt always follows at once, so a `reconnect()` has nothing left to do.
   */
  private async _waitAfter(error: ConnectionError, verdict: RetryVerdict, end: End): Promise<void> {
    const { _host: host, _record: record } = this;
    const { reconnectionTime } = record;
    const { gate } = host;
    const { backoff } = host.settings;
    const pace = { reconnectionTime, retryAfter: error.retryAfter };
    const exact = error.retryIn ?? (typeof verdict === "number" ? verdict : undefined);
    let delay =
      exact !== undefined
        ? toDelay(exact)
        : end === "polled"
          ? delayOfPolling(reconnectionTime, backoff)
          : record.isQuiet
            ? delayOffline(backoff, pace)
            : delayBefore(record.failures, backoff, pace);
    const limits = (this._waitLimits ??= new WaitLimits());
    limits.begin(delay, exact === undefined ? floorOf(pace) : delay);
    let isReported = record.isQuiet;
    do {
      const cut = this._nextStep(() => gate.blocked !== undefined, true);
      // The timer starts first, so that the wait is no longer than the one that is published.
      const waited = sleep(delay, cut);
      const retryAt = (this._retryAt = Date.now() + delay);
      if (!record.isQuiet) {
        const state = {
          status: "waiting",
          attempt: record.failures,
          delay,
          retryAt,
          error,
        } as const;
        if (isReported) host.setState(state);
        else this._publish(state);
        isReported = true;
      }
      if (gate.isOffline && !cut.aborted) this._pauseOffline();
      await waited;
      record.isQuiet &&= !cut.aborted && gate.isOffline;
      // A pause does not shorten what the server or the application asked for. If another tab
      // decided (`retryIn`), skip this: its decision may have changed during the pause.
      while (gate.blocked && !this._isClosed && error.retryIn === undefined) {
        limits.cut();
        await this._pause(gate.blocked);
      }
      delay = limits.takeRest();
    } while (!this._isClosed && delay);
  }

  private _react(signal: GateSignal): void {
    const { _step: step, _record: record } = this;
    const { isOffline } = this._host.gate;
    if (signal === "returned") {
      if (step?.isWait && this._waitLimits?.hurry()) this._interrupt();
    } else if (signal !== "changed") return;
    else if (step?.shouldEnd()) this._interrupt();
    else if (isOffline && step?.isWait) this._pauseOffline();
    else if (!isOffline && record.isQuiet && !step?.isWait) {
      // An attempt is under way that the state does not show yet.
      record.isQuiet = false;
      record.setConnecting();
    }
  }

  private _publish(state: FailedState): void {
    this._host.setState(state.error.expected ? { status: "closed" } : state);
    // A state listener may have called `close()` or `reconnect()`.
    if (!this._isClosed && this._isRunning === (state.status === "waiting"))
      this._host.failed(state);
  }

  private _pauseOffline(): void {
    this._host.setState(pausedOffline(this._retryAt));
  }
}
