import type { ConnectionError } from "../errors.ts";
import type { Settings } from "../options.ts";
import type { OpenDetails } from "../transport/transport.ts";
import { aborted, sleep } from "../util/sleep.ts";
import { attemptConnection, type AttemptHost, type AttemptSink } from "./attempt.ts";
import { delayBefore, delayOffline, delayOfPolling, floorOf, toDelay } from "./backoff.ts";
import { Drain } from "./drain.ts";
import type { GateSignal, PauseReason } from "./gate.ts";
import { classify, decideRetry, type End, type RetryVerdict } from "./retry.ts";
import type { ConnectionState, Role } from "./state.ts";
import { Wait } from "./wait.ts";

/** The states that a failed connection leads to. */
export type FailedState =
  | Extract<ConnectionState, { status: "waiting" }>
  | { readonly status: "closed"; readonly error: ConnectionError };

/** A connection that has just opened. */
export interface Opening extends OpenDetails {
  /** How many connections in a row failed before it. */
  readonly attempt: number;
  /**
   * How long ago the connection before it showed the last sign of life, in milliseconds by the wall
   * clock; undefined if this is the first one.
   */
  readonly downFor: number | undefined;
}

/** The owner of a loop, as far as the loop needs it. No method may throw. */
export interface LoopHost extends AttemptHost {
  readonly settings: Settings;
  /** Receives what the connections deliver. */
  readonly dispatcher: Pick<AttemptSink, "event" | "reopen"> & {
    setLastEventId: AttemptSink["lastEventId"];
  };
  /** Publishes a state. */
  setState(state: ConnectionState): void;
  /** A connection has opened; the state is published already. */
  opened(details: Opening): void;
  /** A connection has failed; the state, which says what comes next, is published already. */
  failed(state: FailedState): void;
}

/** Everything that takes time is a step: a pause, an attempt, a decision, a wait. */
interface Step {
  readonly controller: AbortController;
  /** Checked when the step begins and at every change of the gate: if true, the step ends. */
  readonly isCutShort: () => boolean;
  /** True for the wait between two attempts. */
  readonly isWait: boolean;
}

const never = (): boolean => false;

/**
 * Keeps one connection alive: gate, attempt, classify, report, wait, and again. It is also the sink
 * of its attempts, each of which calls it until it has settled.
 */
export class Loop implements AttemptSink {
  readonly event: AttemptSink["event"];
  private readonly _host: LoopHost;
  private _isClosed = false;
  private _isRunning = false;
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
  private _reconnectionTime = 0;
  /** True if the current connection itself has named a reconnection time. */
  private _hasNamedTime = false;
  /** True if the current request was sent and must not be sent again on its own. */
  private _isUnrepeatable = false;
  /** When the current connection opened, in milliseconds since the epoch; 0 if it is not open. */
  private _openedAt = 0;
  /** The last sign of life of the connection before, in milliseconds since the epoch. */
  private _lastAlive: number | undefined;
  /** When it was lost, as `performance.now()` has it; undefined if there was none. */
  private _lostAt: number | undefined;
  /**
   * True while the device is offline and the server is out of reach, too: failures do not count
   * and are not reported, and the state stays "paused" during attempts.
   */
  private _isQuiet = false;
  private _wait: Wait | undefined;
  /** When the current wait ends, in milliseconds since the epoch. */
  private _retryAt = 0;
  private _drain: Drain | undefined;
  private _role: Role | undefined;

  /** Starts it: the first attempt begins in a later task, so that listeners can be added first. */
  constructor(host: LoopHost) {
    this._host = host;
    this.event = host.dispatcher.event;
    const { backoff } = host.settings;
    void this._run(backoff.delayFirstAttempt ? delayBefore(0, backoff) : 0);
  }

  /** Ends it for good. After that it makes no calls. */
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
    this._wait?.abandon();
    if (this._isRunning) {
      this._interrupt();
      return;
    }
    this._failures = 0;
    this._setConnecting();
    void this._run(0);
  }

  /**
   * Replaces an open connection at a random moment within so many milliseconds, as attempt 0;
   * the earliest moment counts. In any other state it does nothing, nor as a follower of a shared
   * connection: the leader leaves for all.
   */
  drain(within: number): void {
    if (!this._openedAt || this._role === "follower") return;
    (this._drain ??= new Drain()).schedule(within, () => {
      if (this._isUnrepeatable) return;
      this._failures = 0;
      this._interrupt();
    });
  }

  // The sink of the attempts.

  open(details: OpenDetails = {}): void {
    const now = (this._openedAt = Date.now());
    this._isQuiet = false;
    this._setOpen();
    // A listener of the state may have closed or replaced this connection.
    if (this._step?.controller.signal.aborted) return;
    const { _failures: attempt, _lastAlive: lastAlive } = this;
    const downFor = lastAlive === undefined ? undefined : Math.max(0, now - lastAlive);
    this._host.opened({ ...details, attempt, downFor });
  }

  reopen(connection?: number): void {
    this._host.dispatcher.reopen(connection);
  }

  lastEventId(id: string, origin?: string): void {
    this._host.dispatcher.setLastEventId(id, origin);
  }

  activity(): void {
    // Of no interest here.
  }

  role(role: Role | undefined): void {
    this._role = role;
    if (this._openedAt) this._setOpen();
  }

  retry(ms: number): void {
    // NaN and negative numbers count as 0.
    this._reconnectionTime = Math.max(0, ms) || 0;
    this._hasNamedTime = true;
  }

  unrepeatable(): void {
    this._isUnrepeatable = true;
  }

  private _interrupt(): void {
    this._drain?.cancel();
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
  private _nextStep(isCutShort: () => boolean = never, isWait = false): AbortSignal {
    this._interrupt();
    this._step = { controller: new AbortController(), isCutShort, isWait };
    if (isCutShort()) this._interrupt();
    return this._step.controller.signal;
  }

  // One function although it is long: the steps stand here in the order in which they happen.
  private async _run(delay: number): Promise<void> {
    const { _host: host } = this;
    const { gate } = host;
    const { numOfAttempts, retry } = host.settings.backoff;
    this._isRunning = true;
    const unwatch = gate.watch((signal) => {
      this._react(signal);
    });
    // A frozen or hidden page keeps a connection that cannot be made again.
    const isBlocked = (): boolean => gate.blocked !== undefined && !this._isUnrepeatable;
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
      this._hasNamedTime = this._isUnrepeatable = false;
      const interrupted = this._nextStep(isBlocked);
      if (!this._isQuiet) this._setConnecting();
      const { error, openFor, lastAlive } = await attemptConnection(
        host,
        this,
        this._failures,
        interrupted,
      );
      this._noteEnd(openFor, lastAlive);
      if (interrupted.aborted || !error) continue;

      // Classify. Where another tab has the connection, its decision counts.
      const isDecided = error.retryIn !== undefined;
      const end = this._classify(error, openFor === undefined);
      let verdict: RetryVerdict = end !== "normal" && error.retryIn !== Infinity;
      if (end === "failed") {
        const failures = ++this._failures;
        const { _lostAt: lostAt = -Infinity } = this;
        // The policy itself may call `close()` and `reconnect()`, which overrule it.
        const overruled = this._nextStep();
        const facts = { lostFor: performance.now() - lostAt };
        const answer = isDecided ? verdict : decideRetry(error, failures, facts, retry);
        if (typeof answer !== "object") verdict = answer;
        else if (!overruled.aborted) {
          // The policy may take its time, for a fresh token perhaps. The connection is gone, so
          // the state must not say "open".
          this._setConnecting();
          verdict = await Promise.race([answer, aborted(overruled).then(() => true)]);
        }
        if (overruled.aborted) continue;
        if (!isDecided && failures >= numOfAttempts) verdict = false;
      }

      // Grace period: a page that is being left pauses without an error, since it may come back.
      // An error that another tab reports has nothing to do with this page.
      if (end !== "normal") {
        const wasQuiet = this._isQuiet;
        const left = this._nextStep(isBlocked);
        if (gate.errorGracePeriod && !isDecided && !host.transport.isLocal)
          await sleep(gate.errorGracePeriod, left);
        if (left.aborted) continue;
        // Online again before the failure was reported: it counts after all.
        if (wasQuiet && !this._isQuiet) this._failures++;
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
    const { gate } = this._host;
    const changed = this._nextStep(() => gate.blocked !== reason);
    this._host.setState({ status: "paused", reason });
    return aborted(changed);
  }

  private _noteEnd(openFor: number | undefined, lastAlive: number): void {
    this._openedAt = 0;
    if (openFor === undefined) return;
    this._lastAlive = lastAlive;
    this._lostAt = performance.now();
    if (openFor >= this._host.settings.minUptime) this._failures = 0;
  }

  /** Classifies the end of a connection, and marks the error by it. */
  private _classify(error: ConnectionError, neverOpened: boolean): End {
    const { _isUnrepeatable: isUnrepeatable, _hasNamedTime: hasNamedTime } = this;
    const isOutOfReach = neverOpened && this._host.gate.isOffline;
    const end = classify(error, { isUnrepeatable, hasNamedTime, isOutOfReach });
    this._isQuiet = end === "unnoticed";
    if (end === "polled") this._failures = 0;
    Object.assign(
      error,
      end === "normal" && { expected: true },
      isUnrepeatable && { repeatable: false },
    );
    return end;
  }

  /**
   * Waits before the next attempt, and once more for what is left of the server's floor if the
   * page returns meanwhile. (This may be an async function: after it comes an attempt at once,
   * which is all that a `reconnect()` could ask for.)
   */
  private async _waitAfter(error: ConnectionError, verdict: RetryVerdict, end: End): Promise<void> {
    const { _host: host, _reconnectionTime: reconnectionTime } = this;
    const { gate } = host;
    const { backoff } = host.settings;
    const pace = { reconnectionTime, retryAfter: error.retryAfter };
    const exact = error.retryIn ?? (typeof verdict === "number" ? verdict : undefined);
    let delay =
      exact !== undefined
        ? toDelay(exact)
        : end === "polled"
          ? delayOfPolling(reconnectionTime, backoff)
          : this._isQuiet
            ? delayOffline(backoff, pace)
            : delayBefore(this._failures, backoff, pace);
    const wait = (this._wait ??= new Wait());
    wait.begin(delay, exact === undefined ? floorOf(pace) : delay);
    let isReported = this._isQuiet;
    do {
      const cut = this._nextStep(() => gate.blocked !== undefined, true);
      // The timer starts before the wait is published, so that it takes no longer than that.
      const waited = sleep(delay, cut);
      const retryAt = (this._retryAt = Date.now() + delay);
      if (!this._isQuiet) {
        const state = {
          status: "waiting",
          attempt: this._failures,
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
      this._isQuiet &&= !cut.aborted && gate.isOffline;
      // A pause does not shorten what the server or the application asked for. (Another tab's
      // decision may have changed meanwhile.)
      while (gate.blocked && !this._isClosed && error.retryIn === undefined) {
        wait.cut();
        await this._pause(gate.blocked);
      }
      delay = wait.takeRest();
    } while (!this._isClosed && delay);
  }

  private _react(signal: GateSignal): void {
    const { _step: step } = this;
    const { isOffline } = this._host.gate;
    if (signal === "returned") {
      if (step?.isWait && this._wait?.hurry()) this._interrupt();
    } else if (signal !== "changed") return;
    else if (step?.isCutShort()) this._interrupt();
    else if (isOffline && step?.isWait) this._pauseOffline();
    else if (!isOffline && this._isQuiet && !step?.isWait) {
      // An attempt that nobody was told of is under way.
      this._isQuiet = false;
      this._setConnecting();
    }
  }

  private _publish(state: FailedState): void {
    this._host.setState(state.error.expected ? { status: "closed" } : state);
    // A listener of the state may have called `close()` or `reconnect()`.
    if (!this._isClosed && this._isRunning === (state.status === "waiting"))
      this._host.failed(state);
  }

  private _setConnecting(): void {
    this._host.setState({ status: "connecting", attempt: this._failures });
  }

  private _setOpen(): void {
    const { _openedAt: openedAt, _role: role } = this;
    this._host.setState({ status: "open", openedAt, ...(role && { role }) });
  }

  private _pauseOffline(): void {
    this._host.setState({ status: "paused", reason: "offline", retryAt: this._retryAt });
  }
}
