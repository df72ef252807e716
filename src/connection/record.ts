import type { ConnectionError } from "../errors.ts";
import type { Settings } from "../options.ts";
import type { OpenDetails } from "../transport/transport.ts";
import type { AttemptEnd, AttemptSink } from "./attempt.ts";
import type { Gate } from "./gate.ts";
import { reachedNoServer } from "./offline.ts";
import { classify, type End } from "./retry.ts";
import type { ConnectionState, Role } from "./state.ts";

/** A connection that has just opened. */
export interface Opening extends OpenDetails {
  /** How many connections in a row failed before it. */
  readonly attempt: number;
  /**
   * How long ago the previous connection showed its last sign of life, in milliseconds by the wall
   * clock; undefined if this is the first one.
   */
  readonly downFor: number | undefined;
}

/** Receives what a record passes on. No method may throw. */
export interface RecordHost {
  readonly gate: Gate;
  readonly settings: Settings;
  /** Receives what the connections deliver. */
  readonly dispatcher: Pick<AttemptSink, "event" | "reopen"> & {
    setLastEventId: AttemptSink["lastEventId"];
  };
  /** Publishes a state. */
  setState(state: ConnectionState): void;
  /** A connection has opened; the state has been published. */
  opened(details: Opening): void;
}

/**
 * Records the facts about the connections of one source, the current one and the previous ones. The
 * loop bases its decisions on them. The record is the sink of all attempts; each attempt calls the
 * record until that attempt has settled.
 */
export class ConnectionRecord implements AttemptSink {
  readonly event: AttemptSink["event"];
  /**
   * How many connections in a row failed before they had been open for `minUptime`; also the number
   * of the next attempt.
   */
  failures = 0;
  /**
   * The stream's reconnection time, after a server has named one. As in the standard it outlives
   * the connection.
   */
  reconnectionTime = 0;
  /** True if the current request was sent and must not be sent again on its own. */
  isUnrepeatable = false;
  /**
   * True while the device is offline and the server is out of reach, too (see offline.ts): failures
   * do not count and are not reported, and the state stays "paused" during attempts.
   */
  isQuiet = false;
  private readonly _host: RecordHost;
  /** Aborts when the current attempt is interrupted. */
  private _interrupted: AbortSignal | undefined;
  /** True if the current connection itself has named a reconnection time. */
  private _hasNamedTime = false;
  /** When the current connection opened, in milliseconds since the epoch; 0 if it is not open. */
  private _openedAt = 0;
  /** The last sign of life of the previous connection, in milliseconds since the epoch. */
  private _lastAlive: number | undefined;
  /** When the previous connection was lost (`performance.now()`); -Infinity if there was none. */
  private _lostAt = -Infinity;
  private _role: Role | undefined;

  constructor(host: RecordHost) {
    this._host = host;
    this.event = host.dispatcher.event;
  }

  // For the loop.

  /** True if this source itself has an open connection, rather than the leader that it follows. */
  get isOpenHere(): boolean {
    return !!this._openedAt && this._role !== "follower";
  }

  /** How long ago a connection was lost, in milliseconds; Infinity if there was none. */
  get lostFor(): number {
    return performance.now() - this._lostAt;
  }

  /** Records that an attempt begins. */
  begin(interrupted: AbortSignal): void {
    this._interrupted = interrupted;
    this._hasNamedTime = this.isUnrepeatable = false;
    if (!this.isQuiet) this.setConnecting();
  }

  setConnecting(): void {
    this._host.setState({ status: "connecting", attempt: this.failures });
  }

  /** Records that the attempt has ended. */
  end({ openFor, lastAlive }: AttemptEnd): void {
    this._openedAt = 0;
    if (openFor === undefined) return;
    this._lastAlive = lastAlive;
    this._lostAt = performance.now();
    if (openFor >= this._host.settings.minUptime) this.failures = 0;
  }

  /** Classifies the end of the attempt; sets `expected` and `repeatable` of its error. */
  classify(error: ConnectionError, neverOpened: boolean): End {
    const { isUnrepeatable, _hasNamedTime: hasNamedTime } = this;
    const isOutOfReach = neverOpened && this._host.gate.isOffline && reachedNoServer(error);
    const end = classify(error, { isUnrepeatable, hasNamedTime, isOutOfReach });
    this.isQuiet = end === "unnoticed";
    if (end === "polled") this.failures = 0;
    Object.assign(
      error,
      end === "normal" && { expected: true },
      isUnrepeatable && { repeatable: false },
    );
    return end;
  }

  // The sink.

  open(details: OpenDetails = {}): void {
    const now = (this._openedAt = Date.now());
    this.isQuiet = false;
    this._setOpen();
    // A state listener may have closed or replaced this connection.
    if (this._interrupted?.aborted) return;
    const { failures: attempt, _lastAlive: lastAlive } = this;
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
    // Nothing to do: liveness.ts has seen it already.
  }

  role(role: Role | undefined): void {
    this._role = role;
    if (this._openedAt) this._setOpen();
  }

  retry(ms: number): void {
    // NaN and negative numbers count as 0.
    this.reconnectionTime = Math.max(0, ms) || 0;
    this._hasNamedTime = true;
  }

  unrepeatable(): void {
    this.isUnrepeatable = true;
  }

  private _setOpen(): void {
    const { _openedAt: openedAt, _role: role } = this;
    this._host.setState({ status: "open", openedAt, ...(role && { role }) });
  }
}
