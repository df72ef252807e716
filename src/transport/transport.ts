/**
 * The contract of a transport: one connection, from request to end.
 *
 * - The promise settles exactly once. It resolves when the server ends the stream or `request.signal` aborts;
 *   it rejects with a ConnectionError for every other end. (Anything else it throws counts as `network`.)
 * - It never retries: when and whether to try again is not its business.
 * - `sink.open` comes before anything else of the connection; after the promise has settled, nothing comes.
 * - An event is handed over when its blank line has come, never before: an event cut in two does not count.
 */
import type { ConnectionState, Role } from "../connection/state.ts";
import type { Resume } from "./resume.ts";

/** The event names somebody listens to. An EventSource hears only names it was told. */
export interface ListenedTypes extends Iterable<string> {
  /** Calls `listener` whenever a name starts or stops being listened to, until the function it returned is called. */
  observe(listener: (name: string, heard: boolean) => void): () => void;
}

/**
 * The source that made a request: the same object in all of its requests. For transports that
 * keep something from one connection to the next.
 */
export interface SourceHandle {
  /**
   * Calls `listener` with every new state of the source, before any event about it is dispatched.
   * `close()` is such a state. Returns the function that removes the listener.
   */
  readonly onState: (listener: (state: ConnectionState) => void) => () => void;
  /** Connects now, as the source's own `reconnect()` does. */
  reconnect(): void;
}

/** What a transport is asked to do. */
export interface TransportRequest {
  /** Absolute, and without any resume parameter: {@link TransportRequest.resume} says where `lastEventId` goes. */
  readonly url: string;
  /** Whether credentials go across origins. */
  readonly withCredentials: boolean;
  /** The id to resume after; "" for none. */
  readonly lastEventId: string;
  /** How the server is told; undefined: by header within an origin, by the query parameter `lastEventId` across origins. */
  readonly resume: Resume | undefined;
  /** How many connections in a row have failed before this one (see `minUptime`): 0 at first, 1 for the first retry. */
  readonly attempt: number;
  /** Which events are wanted. A transport that hears all of them need not look. */
  readonly names: ListenedTypes;
  /** The source that makes this request. */
  readonly source: SourceHandle;
  /** Aborts when this connection is not wanted any more. Each attempt has its own. */
  readonly signal: AbortSignal;
}

/** What every listener gets in addition to the payload. */
export interface EventMeta {
  /** The last event ID as of this event. */
  readonly lastEventId: string;
  /** The origin that the event came from: that of the final URL, after redirects. */
  readonly origin: string;
}

/**
 * What a transport says about an event. A native MessageEvent can be passed as it is; the browser
 * then makes no string of its id until somebody reads it.
 */
export type TransportEventMeta = EventMeta & {
  /**
   * True while this connection has not named an id: `lastEventId` is then the id that the request
   * resumed after. Default false.
   */
  readonly idInherited?: boolean;
};

/** What can be known when a connection opens; empty over a native EventSource, which hides it. */
export interface OpenDetails {
  /** The HTTP status; undefined: not seen. */
  readonly status?: number | undefined;
  /** The response's headers; undefined: not seen. */
  readonly headers?: Headers | undefined;
}

/** Where a transport delivers. No call throws. */
export interface Sink {
  /** The server accepted: the response is an event stream. Called again: another connection behind this one, which is shared, goes on in its place. */
  open(details?: OpenDetails): void;
  /** A whole event. May be called unbound: a call for each event is what a transport for fast streams can spare. */
  readonly event: (type: string, data: string, meta: TransportEventMeta) => void;
  /** The last event ID changed without an event: a block with `id` but no `data`. */
  lastEventId(id: string): void;
  /** Any byte arrived, be it a comment's. Events count as activity by themselves. */
  activity(): void;
  /** Who has the connection, where it is shared; told before `open` and at every change. */
  role?(role: Role): void;
  /** The stream's reconnection time in milliseconds (the `retry` field), as the server wrote it. */
  retry(ms: number): void;
}

/** What a transport can do: data, so that it can be printed and tested. */
export interface TransportAbilities {
  /** Request headers, method and body can be set. */
  readonly headers: boolean;
  /** How it can tell the server the last event id. */
  readonly resume: "header" | "query";
  /** Comments and `retry` fields are seen: a heartbeat that is a comment counts as a sign of life. */
  readonly comments: boolean;
  /** The HTTP status of a refusal is seen. */
  readonly status: boolean;
}

/** One connection at a time, as a function; see the contract at the top of this file. */
export interface Transport {
  (request: TransportRequest, sink: Sink): Promise<void>;
  /** Undefined: unknown. */
  readonly abilities?: TransportAbilities;
  /** What changes the request beside URL and credentials, as text; undefined: it cannot be told, so that two of them must not be shared. */
  readonly key?: string | undefined;
}
