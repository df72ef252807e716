import type { Sink, Transport, TransportRequest } from "../transport/transport.ts";
import type { History } from "./history.ts";
import type { Message } from "./messages.ts";
import type { SharedNames } from "./names.ts";

/** One call of the transport: its arguments and its promise. */
export interface TransportCall {
  readonly inner: Transport;
  readonly request: TransportRequest;
  readonly sink: Sink;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Connects without sharing, since the browser denies it. */
  readonly connectAlone: (cause: unknown) => void;
}

/** A member, as its follower and its leader see it. */
export interface Membership {
  readonly id: string;
  readonly history: History;
  readonly names: SharedNames;
  /** The term of the latest leader. */
  readonly term: number;
  /** True if the shared request was sent and must not be sent again. */
  isUnrepeatable: boolean;
  post(message: Message): void;
}
