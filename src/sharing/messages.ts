import type { ConnectionErrorInit } from "../errors.ts";
import type { RelayedEvent } from "./relayed.ts";

/** How the leader's connection stands. */
export type LeaderState =
  | { readonly status: "connecting" }
  | {
      readonly status: "open";
      readonly code?: number | undefined;
      readonly headers: readonly [string, string][];
      /** Which one it is: the same number stands at the events that it brings. */
      readonly connection: number;
    }
  | {
      readonly status: "failed";
      readonly message: string;
      readonly error: ConnectionErrorInit;
      readonly retryAt: number | undefined;
    };

/** I hold the connection, it stands like this, I have everything up to this id and listen to these names. */
export interface StateMessage {
  readonly kind: "state";
  readonly from: string;
  readonly state: LeaderState;
  readonly lastEventId: string;
  readonly origin: string;
  readonly names: readonly string[];
  /** What this member asked for by its hello. */
  readonly answer?: Answer;
}

/** What came after the id that a hello named; null: I do not know. */
export interface Answer {
  readonly to: string;
  readonly after: string;
  readonly missed: readonly RelayedEvent[] | null;
}

/** Who holds the connection? I have everything up to this id and listen to these names. */
export interface HelloMessage {
  readonly kind: "hello";
  readonly from: string;
  readonly lastEventId: string;
  readonly names: readonly string[];
  /** If you wait: do not. */
  readonly reconnectNow: boolean;
}

/** What only a leader says. `from` tells leaders apart: a new one starts a new sequence of events. */
export type LeaderMessage =
  | StateMessage
  | {
      readonly kind: "events";
      readonly from: string;
      readonly origin: string;
      readonly events: readonly RelayedEvent[];
    }
  | { readonly kind: "position"; readonly from: string; readonly lastEventId: string }
  | { readonly kind: "retry"; readonly ms: number }
  | { readonly kind: "activity" };

/** What the members of a shared connection say to each other; `names`: somebody listens to these, too. */
export type Message =
  LeaderMessage | HelloMessage | { readonly kind: "names"; readonly names: readonly string[] };
