import type { Sink, Transport, TransportRequest } from "../transport/transport.ts";
import type { History } from "./history.ts";
import type { Message } from "./messages.ts";
import type { SharedNames } from "./names.ts";

/** One call of the transport. */
export interface MemberHost {
  readonly inner: Transport;
  readonly request: TransportRequest;
  readonly sink: Sink;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What a follower and a leader share: the member that is the one, then the other. */
export interface Membership {
  readonly id: string;
  readonly history: History;
  readonly names: SharedNames;
  /** Aborts when this member has left. */
  readonly left: AbortSignal;
  post(message: Message): void;
  /** Ends it, and gives the lock to another one. */
  leave(): void;
}
