import type { ConnectionError } from "../errors.ts";
import type { PauseReason } from "./gate.ts";

/** The holder of a shared connection: this source, which relays it, or another one. */
export type Role = "leader" | "follower";

/** The state of a connection. Each status carries only its own data. */
export type ConnectionState =
  ConnectingState | OpenState | WaitingState | PausedState | ClosedState;

/** A connection is being made. */
export interface ConnectingState {
  /** readyState CONNECTING. */
  readonly status: "connecting";
  /**
   * How many connections in a row failed before this one (see `minUptime`): 0 at first, 1 for the
   * first retry.
   */
  readonly attempt: number;
}

/** Events can arrive. */
export interface OpenState {
  /** readyState OPEN. */
  readonly status: "open";
  /** When it opened, in milliseconds since the epoch. */
  readonly openedAt: number;
  /** The holder of the connection; undefined if it is not shared. */
  readonly role?: Role;
}

/** A connection has failed or ended, and the next attempt is coming. */
export interface WaitingState {
  /** readyState CONNECTING. */
  readonly status: "waiting";
  /**
   * The number of the next attempt: 1 is the first retry, 0 follows an end that is not a failure.
   */
  readonly attempt: number;
  /** The wait before it, in milliseconds. */
  readonly delay: number;
  /** When it begins, in milliseconds since the epoch. */
  readonly retryAt: number;
  /** How the connection ended. */
  readonly error: ConnectionError;
}

/**
 * The page or the network makes connecting pointless. A frozen or hidden page makes no attempt; a
 * device that is offline makes one from time to time, without leaving this state.
 */
export interface PausedState {
  /** readyState CONNECTING. */
  readonly status: "paused";
  /** The obstacle. */
  readonly reason: PauseReason;
  /** When the next attempt begins all the same, in milliseconds since the epoch; offline only. */
  readonly retryAt?: number;
}

/** The source is closed: for good after `close()`, or until `reconnect()` after giving up. */
export interface ClosedState {
  /** readyState CLOSED. */
  readonly status: "closed";
  /** How the last connection ended, if we gave up; undefined after `close()`. */
  readonly error?: ConnectionError;
}

/** The standard's readyState for a state: waiting and paused are CONNECTING. */
export function readyStateOf(state: ConnectionState): 0 | 1 | 2 {
  switch (state.status) {
    case "open":
      return 1;
    case "closed":
      return 2;
    case "connecting":
    case "waiting":
    case "paused":
      return 0;
  }
}
