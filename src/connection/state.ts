import type { ConnectionError } from "../errors.ts";
import type { PauseReason } from "../page/gate.ts";
import type { Role } from "../transport/transport.ts";

/** Where a connection stands. Each status carries only its own data. */
export type ConnectionState =
  /** A connection is being made. `attempt` 0 is the first one, 1 the first retry. */
  | { readonly status: "connecting"; readonly attempt: number }
  /** Events arrive. `since` is when it opened, in milliseconds since the epoch; `role`, where the connection is shared, is who has it. */
  | { readonly status: "open"; readonly since: number; readonly role?: Role }
  /** Retry number `attempt` comes after `delay` milliseconds, at `until` (milliseconds since the epoch), because of `error`. */
  | {
      readonly status: "waiting";
      readonly attempt: number;
      readonly delay: number;
      readonly until: number;
      readonly error: ConnectionError;
    }
  /** No attempt is made until the page allows one. */
  | { readonly status: "paused"; readonly because: PauseReason }
  /** The end. With `error` when we gave up, without it after `close()`. */
  | { readonly status: "closed"; readonly error?: ConnectionError };

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
