/**
 * The protocol of a shared connection: messages on a BroadcastChannel, which all other members get.
 * Those of one sender arrive in order; messages of two senders may overtake each other.
 *
 * | Message     | Sent by  | When                             | Effect                            |
 * | ----------- | -------- | -------------------------------- | --------------------------------- |
 * | hello       | follower | it joins, or cannot tell how the | the leader answers with `state`,  |
 * |             |          | leader's events continue its own | and if asked to, ends its wait    |
 * | names       | any      | it listens to more event names   | the leader subscribes to them     |
 * | state       | leader   | its connection begins, opens or  | followers open, synchronize or    |
 * |             |          | fails; as the answer to a hello  | fail                              |
 * | events      | leader   | events arrived; once per task    | followers in sync deliver them,   |
 * |             |          |                                  | the others keep them until in sync |
 * | lastEventId | leader   | the id changed without an event  | followers in sync adopt it        |
 * | retry       | leader   | the server named a reconnection  | followers adopt it                |
 * |             |          | time                             |                                   |
 * | activity    | leader   | bytes arrived; once per 500 ms   | followers restart their heartbeat |
 * |             |          |                                  | timeout                           |
 */
import type { ConnectionErrorInit } from "../errors.ts";
import type { RelayedEvent } from "./relayed.ts";

/** The state of the leader's connection. */
export type LeaderState =
  | { readonly status: "connecting" }
  | {
      readonly status: "open";
      readonly code?: number | undefined;
      readonly headers: readonly [string, string][];
      /** The {@link RelayedEvent.connection} of the events that this connection delivers. */
      readonly connection: number;
    }
  | {
      readonly status: "failed";
      readonly message: string;
      readonly error: ConnectionErrorInit;
      /** When the leader reconnects, in milliseconds since the epoch; undefined if it gave up. */
      readonly retryAt: number | undefined;
    };

/** The leader's connection, and everything that a follower needs to go on from there. */
export interface StateMessage {
  readonly kind: "state";
  readonly from: string;
  readonly state: LeaderState;
  readonly lastEventId: string;
  readonly origin: string;
  /** The names that the leader knows of; a follower sends those that are missing. */
  readonly names: readonly string[];
  /** Present if this is the answer to a hello. */
  readonly answer?: Answer;
}

/** The leader's answer to one hello. */
export interface Answer {
  /** The id of the member that said hello. */
  readonly to: string;
  /** The last event ID that the hello named. */
  readonly after: string;
  /** The events after that id; null if the leader's history does not reach back to it. */
  readonly missed: readonly RelayedEvent[] | null;
}

/** A follower introduces itself. */
export interface HelloMessage {
  readonly kind: "hello";
  readonly from: string;
  readonly lastEventId: string;
  readonly names: readonly string[];
  /** Asks a leader that waits to reconnect now. */
  readonly reconnectNow: boolean;
}

/** Messages of the leader. `from` tells leaders apart: each has its own sequence of events. */
export type LeaderMessage =
  | StateMessage
  | {
      readonly kind: "events";
      readonly from: string;
      readonly origin: string;
      readonly events: readonly RelayedEvent[];
    }
  | { readonly kind: "lastEventId"; readonly from: string; readonly lastEventId: string }
  | { readonly kind: "retry"; readonly ms: number }
  | { readonly kind: "activity" };

/** Every message of the protocol. */
export type Message =
  | LeaderMessage
  | HelloMessage
  | { readonly kind: "names"; readonly names: readonly string[] }
  /** Asks the leader to drain its connection: `reconnect({ within })`. */
  | { readonly kind: "drain"; readonly within: number };
