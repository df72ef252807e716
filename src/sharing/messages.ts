/**
 * The protocol of a shared connection: messages on a BroadcastChannel, which all other members get.
 * Those of one sender arrive in order; messages of two senders may overtake each other. Each leader
 * has a higher term than the previous one; messages of a lower term than the latest are ignored.
 * Messages can be lost: Chromium drops those that come to a page while it stops at a breakpoint. So
 * each leader numbers its messages, and a follower that misses one says hello again.
 *
 * | Message     | Sent by  | When                            | Effect                            |
 * | ----------- | -------- | ------------------------------- | --------------------------------- |
 * | hello       | follower | it joins, missed a message, or  | the leader answers with `state`,  |
 * |             |          | cannot tell how the leader's    | and stops waiting if asked to;    |
 * |             |          | events continue its own         | given-up sources reconnect if     |
 * |             |          |                                 | asked to                          |
 * | names       | any      | it listens to more event names  | the leader subscribes to them     |
 * | drain       | follower | it is to leave the server soon, | the leader leaves at the earliest |
 * |             |          | by `reconnect({ within })`      | moment of all                     |
 * | ping        | follower | it got nothing for a while      | the leader answers with `pong`;   |
 * |             |          |                                 | without an answer the follower    |
 * |             |          |                                 | steals the lock                   |
 * | pong        | leader   | it got a ping                   | it is not replaced                |
 * | state       | leader   | its connection begins, opens or | followers open, synchronize or    |
 * |             |          | fails; it sends a request that  | fail with it; those that wait     |
 * |             |          | must not be repeated; as the    | reconnect when it does            |
 * |             |          | answer to a hello               |                                   |
 * | events      | leader   | events arrived; once per task   | followers in sync deliver them,   |
 * |             |          |                                 | the others keep them until in    |
 * |             |          |                                 | sync                              |
 * | lastEventId | leader   | the id changed without an event | followers in sync adopt it        |
 * | retry       | leader   | the server named a reconnection | followers adopt it                |
 * |             |          | time                            |                                   |
 * | activity    | leader   | bytes arrived; once per 500 ms  | followers note a sign of life     |
 *
 * Any script of the origin can send messages, so `isMessage` checks them on arrival.
 */
import type { ConnectionErrorReason } from "../errors.ts";
import type { RelayedEvent } from "./relayed.ts";

/**
 * The version of the protocol, part of the name of channel and lock: releases that do not
 * understand each other do not share. Change it if an earlier release would refuse or misread a
 * message of this one, or the reverse: a new kind, a new required field, another meaning.
 * A new error reason does not count, because followers only report it.
 */
export const PROTOCOL = 3;

/** The part of a ConnectionError that can be cloned, and that other tabs may see. */
interface RelayedError {
  readonly message: string;
  readonly reason: ConnectionErrorReason;
  readonly status?: number | undefined;
  readonly retryAfter?: number | undefined;
}

/** The state of the leader's connection. */
export type LeaderState = {
  /**
   * True if its request was sent and must not be sent again, by this leader or by the next one.
   */
  readonly isUnrepeatable: boolean;
} & (
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
      readonly error: RelayedError;
      /** When the leader reconnects, in milliseconds since the epoch; undefined if it gave up. */
      readonly retryAt?: number | undefined;
    }
);

/** The leader's connection, and everything that a follower needs to go on from there. */
interface StateBody {
  readonly kind: "state";
  readonly state: LeaderState;
  readonly lastEventId: string;
  /** The names that the leader knows of; a follower sends those that are missing. */
  readonly names: readonly string[];
  /** Present if this is the answer to a hello. */
  readonly answer?: Answer | undefined;
}

/** The leader's answer to one hello. */
export interface Answer {
  /** The id of the member that said hello. */
  readonly to: string;
  /** The last event ID that the hello named. */
  readonly after: string;
  /** The events after that id; null if the leader's history does not reach back to it. */
  readonly missed: readonly RelayedEvent[] | null;
  /** The latest event of each sticky name, unless it is among the missed ones. */
  readonly sticky: readonly RelayedEvent[];
}

/** The messages of a leader. */
export type LeaderBody =
  | StateBody
  | { readonly kind: "events"; readonly events: readonly RelayedEvent[] }
  | { readonly kind: "lastEventId"; readonly lastEventId: string }
  | { readonly kind: "retry"; readonly ms: number }
  | { readonly kind: "activity" }
  | { readonly kind: "pong" };

/** Says which leader it is: each leader has its own sequence of events. */
interface LeaderMark {
  readonly from: string;
  readonly term: number;
  /** How many messages the leader has sent before this one. */
  readonly number: number;
}

/** A message of a leader. */
export type LeaderMessage = LeaderMark & LeaderBody;

/** A leader's message about its state. */
export type StateMessage = LeaderMark & StateBody;

/** A follower introduces itself. */
export interface HelloMessage {
  readonly kind: "hello";
  readonly from: string;
  readonly lastEventId: string;
  readonly names: readonly string[];
  /** The application called `reconnect()`: nobody is to wait any longer. */
  readonly reconnectNow: boolean;
}

/** Every message of the protocol. */
export type Message =
  | LeaderMessage
  | HelloMessage
  | { readonly kind: "ping" }
  | { readonly kind: "drain"; readonly within: number }
  | { readonly kind: "names"; readonly names: readonly string[] };
