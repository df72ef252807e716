import type { ConnectionError } from "../errors.ts";
import type { Settings } from "../options.ts";
import type { OpenDetails } from "../transport/transport.ts";
import { aborted, sleep } from "../util/sleep.ts";
import {
  attemptConnection,
  type AttemptEnd,
  type AttemptHost,
  type AttemptSink,
} from "./attempt.ts";
import {
  delayBefore,
  delayOffline,
  delayOfPolling,
  floorOf,
  toDelay,
  type ServerPace,
} from "./backoff.ts";
import type { GateSignal, PauseReason } from "./gate.ts";
import { decideRetry, isUnanswered, type RetryVerdict } from "./retry.ts";
import type { ConnectionState, Role } from "./state.ts";

/** The states that a failed connection leads to. */
type FailedState =
  | Extract<ConnectionState, { status: "waiting" }>
  | { readonly status: "closed"; readonly error: ConnectionError };

/** What is known of a connection when it opens. */
interface Opening extends OpenDetails {
  /** How many connections in a row failed before it. */
  readonly attempt: number;
  /**
   * How long ago the connection before it showed the last sign of life, in milliseconds by the wall
   * clock; undefined if this is the first one.
   */
  readonly downFor: number | undefined;
}

/** How often (ms) a page that returns may cut a wait short. */
const HURRY_EVERY = 5000;

/** What the loop needs from its owner. No callback may throw. */
export interface LoopHost extends AttemptHost {
  readonly settings: Settings;
  /** Receives what the connections deliver. */
  readonly sink: Pick<AttemptSink, "event" | "lastEventId" | "reopen">;
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
  private _reconnectionTime = 0;
  /** True if the current connection itself has named a reconnection time. */
  private _hasNamedTime = false;
  /** When the current connection opened, in milliseconds since the epoch; 0 if it is not open. */
  private _openedAt = 0;
  /** The last sign of life of the connection before, in milliseconds since the epoch. */
  private _lastAlive: number | undefined;
  /** When it was lost, as `performance.now()` has it. */
  private _lostAt = -Infinity;
  /**
   * True while the device is offline and the server is out of reach, too: failures do not count
   * and are not reported, and the state stays "paused" during attempts.
   */
  private _isQuiet = false;
  /** When the wait ends: as published, and as `performance.now()` has it. */
  private _retryAt = 0;
  private _waitEnd = 0;
  /** Before this time (as `performance.now()` has it) only `reconnect()` ends the wait. */
  private _earliest = 0;
  private _isHurried = false;
  private _hurriedAt = -Infinity;
  private _drain:
    { readonly at: number; readonly timer: ReturnType<typeof setTimeout> } | undefined;
  private _role: Role | undefined;
  /** True if the current request was sent and must not be sent again on its own. */
  private _isUnrepeatable = false;

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
    this._isHurried = false;
    this._earliest = -Infinity;
    if (this._running) {
      this._interrupt();
      return;
    }
    this._failures = 0;
    this._host.setState({ status: "connecting", attempt: 0 });
    void this._start(0);
  }

  /**
   * Replaces an open connection at a random moment within so many milliseconds, as attempt 0;
   * the earliest moment counts. In any other state it does nothing, nor as a follower of a shared
   * connection: the leader leaves for all.
   */
  drain(within: number): void {
    const at = performance.now() + Math.random() * within;
    if (!this._openedAt || this._role === "follower" || (this._drain && this._drain.at <= at))
      return;
    clearTimeout(this._drain?.timer);
    const timer = setTimeout(() => {
      if (this._isUnrepeatable) return;
      this._failures = 0;
      this._interrupt();
    }, at - performance.now());
    this._drain = { at, timer };
  }

  private async _start(delay: number): Promise<void> {
    this._running = true;
    const unwatch = this._host.gate.watch((signal) => {
      this._react(signal);
    });
    // A promise even without a delay: the caller gets time to add listeners.
    await (delay ? sleep(delay, this._nextStep()) : Promise.resolve());
    await this._run();
    unwatch();
  }

  private _interrupt(): void {
    clearTimeout(this._drain?.timer);
    this._drain = undefined;
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
  private async _run(): Promise<void> {
    const { _host: host } = this;
    const { gate, settings } = host;
    const { backoff } = settings;
    // A frozen or hidden page keeps a connection that cannot be made again.
    const isBlocked = (): boolean => gate.blocked !== undefined && !this._isUnrepeatable;
    while (!this._closed) {
      // Gate.
      const { blocked } = gate;
      if (blocked) {
        await this._pause(blocked);
        continue;
      }

      // Attempt.
      this._hasNamedTime = false;
      this._isUnrepeatable = false;
      const interrupted = this._nextStep(isBlocked);
      if (!this._isQuiet) host.setState({ status: "connecting", attempt: this._failures });
      const end = await attemptConnection(host, this._sink, this._failures, interrupted);
      this._noteEnd(end);
      const { error, openFor } = end;
      if (interrupted.aborted || !error) continue;
      if (this._isUnrepeatable) Object.assign(error, { repeatable: false });

      // A normal end.
      if (error.status === 204 || (this._isUnrepeatable && error.reason === "ended")) {
        this._running = false;
        Object.assign(error, { expected: true });
        this._publish({ status: "closed", error });
        return;
      }

      // Classify. Where another tab has the connection, its decision counts.
      const isPolling = this._hasNamedTime && error.reason === "ended";
      this._isQuiet =
        !this._isUnrepeatable && gate.isOffline && openFor === undefined && isUnanswered(error);
      let verdict: RetryVerdict = error.retryIn !== Infinity;
      if (isPolling) this._failures = 0;
      else if (!this._isQuiet) {
        const failures = ++this._failures;
        const facts = { lostFor: performance.now() - this._lostAt };
        // The policy itself may call `close()` and `reconnect()`, which overrule it.
        const overruled = this._nextStep();
        const isDecided = error.retryIn !== undefined;
        const answer = isDecided ? verdict : decideRetry(error, failures, facts, backoff.retry);
        if (typeof answer !== "object") verdict = answer;
        else if (!overruled.aborted) {
          // The policy may take its time, for a fresh token perhaps. The connection is gone, so
          // the state must not say "open".
          host.setState({ status: "connecting", attempt: failures });
          verdict = await Promise.race([answer, aborted(overruled).then(() => true)]);
        }
        if (overruled.aborted) continue;
        if (!isDecided && failures >= backoff.numOfAttempts) verdict = false;
      }

      // Grace period: a page that is being left pauses without an error, since it may come back.
      // An error that another tab reports has nothing to do with this page.
      const wasQuiet = this._isQuiet;
      const left = this._nextStep(isBlocked);
      if (gate.errorGracePeriod && error.retryIn === undefined && !host.transport.isLocal)
        await sleep(gate.errorGracePeriod, left);
      if (left.aborted) continue;
      // Online again before the failure was reported: it counts after all.
      if (wasQuiet && !this._isQuiet) this._failures++;

      // Report and wait.
      if (verdict === false) {
        this._running = false;
        this._publish({ status: "closed", error });
        return;
      }
      await this._wait(error, verdict, isPolling);
    }
  }

  private _pause(reason: PauseReason): Promise<void> {
    const { gate } = this._host;
    const changed = this._nextStep(() => gate.blocked !== reason);
    this._host.setState({ status: "paused", reason });
    return aborted(changed);
  }

  private _noteEnd({ openFor, lastAlive }: AttemptEnd): void {
    this._openedAt = 0;
    if (openFor === undefined) return;
    this._lastAlive = lastAlive;
    this._lostAt = performance.now();
    if (openFor >= this._host.settings.minUptime) this._failures = 0;
  }

  /**
   * Waits before the next attempt, and once more for what is left of the server's floor if the
   * page returns meanwhile. (This may be an async function: after it comes an attempt at once,
   * which is all that a `reconnect()` could ask for.)
   */
  private async _wait(
    error: ConnectionError,
    verdict: RetryVerdict,
    isPolling: boolean,
  ): Promise<void> {
    const { _host: host, _reconnectionTime: reconnectionTime } = this;
    const { gate } = host;
    const { backoff } = host.settings;
    const pace: ServerPace = { reconnectionTime, retryAfter: error.retryAfter };
    const exact = error.retryIn ?? (typeof verdict === "number" ? verdict : undefined);
    let delay =
      exact !== undefined
        ? toDelay(exact)
        : isPolling
          ? delayOfPolling(reconnectionTime, backoff)
          : this._isQuiet
            ? delayOffline(backoff, pace)
            : delayBefore(this._failures, backoff, pace);
    this._earliest = performance.now() + (exact === undefined ? floorOf(pace) : delay);
    let isReported = this._isQuiet;
    do {
      this._isHurried = false;
      const cut = this._nextStep(() => gate.blocked !== undefined, true);
      // The timer starts before the wait is published, so that it takes no longer than that.
      const waited = sleep(delay, cut);
      this._waitEnd = performance.now() + delay;
      this._retryAt = Date.now() + delay;
      if (!this._isQuiet) {
        const { _failures: attempt, _retryAt: retryAt } = this;
        const state = { status: "waiting", attempt, delay, retryAt, error } as const;
        if (isReported) host.setState(state);
        else this._publish(state);
        isReported = true;
      }
      if (gate.isOffline && !cut.aborted) this._pauseOffline();
      await waited;
      this._isQuiet &&= !cut.aborted;
      // A pause does not shorten what the server or the application asked for. (Another tab's
      // decision may have changed meanwhile.)
      while (gate.blocked && !this._closed && error.retryIn === undefined) {
        this._isHurried = true;
        await this._pause(gate.blocked);
      }
      delay = Math.ceil(this._earliest - performance.now());
    } while (this._isHurried && !this._closed && delay > 0);
  }

  private _pauseOffline(): void {
    this._host.setState({ status: "paused", reason: "offline", retryAt: this._retryAt });
  }

  private _react(signal: GateSignal): void {
    const { isOffline } = this._host.gate;
    if (signal === "returned") this._hurry();
    else if (signal !== "changed") return;
    else if (this._step?.isCutShort()) this._interrupt();
    else if (isOffline && this._step?.isWait) this._pauseOffline();
    else if (!isOffline && this._isQuiet && !this._step?.isWait) {
      // An attempt that nobody was told of is under way.
      this._isQuiet = false;
      this._host.setState({ status: "connecting", attempt: this._failures });
    }
  }

  /** Cuts a wait down to the server's floor. */
  private _hurry(): void {
    const soonest = Math.max(this._earliest, this._hurriedAt + HURRY_EVERY);
    if (!this._step?.isWait || soonest >= this._waitEnd) return;
    this._hurriedAt = Math.max(soonest, performance.now());
    this._earliest = soonest;
    this._isHurried = true;
    this._interrupt();
  }

  private _publish(state: FailedState): void {
    this._host.setState(state.error.expected ? { status: "closed" } : state);
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
        const now = (this._openedAt = Date.now());
        this._isQuiet = false;
        this._setOpen();
        // A listener of the state may have closed or replaced this connection.
        if (!this._step?.controller.signal.aborted) {
          const { _failures: attempt, _lastAlive: lastAlive } = this;
          const downFor = lastAlive === undefined ? undefined : Math.max(0, now - lastAlive);
          host.opened({ ...details, attempt, downFor });
        }
      },
      role: (role) => {
        this._role = role;
        if (this._openedAt) this._setOpen();
      },
      retry: (ms) => {
        // NaN and negative numbers count as 0.
        this._reconnectionTime = Math.max(0, ms) || 0;
        this._hasNamedTime = true;
      },
      unrepeatable: () => {
        this._isUnrepeatable = true;
      },
    };
  }
}
