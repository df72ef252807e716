import type { ConnectionError } from "../errors.ts";
import type { PauseReason } from "./gate.ts";

/** Who has a shared connection: this source, which relays it, or another one. */
export type Role = "leader" | "follower";

/** Where a connection stands. Each status carries only its own data. */
export type ConnectionState =
  ConnectingState | OpenState | WaitingState | PausedState | ClosedState;

/** A connection is being made. */
export interface ConnectingState {
  /** readyState CONNECTING. */
  readonly status: "connecting";
  /** How many connections in a row have failed before this one (see `minUptime`): 0 at first, 1 for the first retry. */
  readonly attempt: number;
}

/** Events can arrive. */
export interface OpenState {
  /** readyState OPEN. */
  readonly status: "open";
  /** When it opened, in milliseconds since the epoch. */
  readonly openedAt: number;
  /** Who has the connection; undefined where it is not shared. */
  readonly role?: Role;
}

/** A connection has failed, and the next attempt is coming. */
export interface WaitingState {
  /** readyState CONNECTING. */
  readonly status: "waiting";
  /** The number of the attempt that comes: 1 is the first retry. */
  readonly attempt: number;
  /** How long we wait before it, in milliseconds. */
  readonly delay: number;
  /** When it comes, in milliseconds since the epoch. */
  readonly retryAt: number;
  /** How the connection ended. */
  readonly error: ConnectionError;
}

/** No attempt is made until the page allows one. */
export interface PausedState {
  /** readyState CONNECTING. */
  readonly status: "paused";
  /** What the page waits for. */
  readonly reason: PauseReason;
}

/** The end: after `close()` for good, after giving up until `reconnect()`. */
export interface ClosedState {
  /** readyState CLOSED. */
  readonly status: "closed";
  /** How the last connection ended, when we gave up; undefined after `close()`. */
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
