/**
 * The contract of a transport: one connection, from request to end.
 *
 * - The promise settles exactly once. It resolves when the server ends the stream or
 *   `request.signal` aborts; it rejects with a ConnectionError for every other end. (Any other
 *   error counts as `network`.)
 * - A transport never retries. Others decide whether and when to try again.
 * - `sink.open` comes before every other method except `answered`, `role` and `unrepeatable`. No
 *   method is called after the promise has settled.
 * - An event is delivered once its blank line has come. An event that was cut in two does not
 *   count.
 */
import type { ConnectionState, Role } from "../connection/state.ts";
import type { Resume } from "./resume.ts";

/** The event names somebody listens to. An EventSource reports only the names it was given. */
export interface ListenedTypes extends Iterable<string> {
  /**
   * Calls `listener` whenever a name starts or stops being listened to. Returns the function that
   * removes the listener.
   */
  observe(listener: (name: string, heard: boolean) => void): () => void;
}

/**
 * The source that made a request: the same object in all of its requests. For transports that
 * keep something from one connection to the next.
 */
export interface SourceHandle {
  /**
   * Calls `listener` with every new state of the source, before any event about it is dispatched.
   * `close()` is reported this way, too. Returns the function that removes the listener.
   */
  readonly onState: (listener: (state: ConnectionState) => void) => () => void;
  /**
   * Calls `listener` with the time of every `reconnect({ within })`. A transport whose role is
   * `follower` forwards it to the leader, whose source reconnects for all members. Returns the
   * function that removes the listener.
   */
  readonly onDrain: (listener: (within: number) => void) => () => void;
  /** Does what the source's own `reconnect()` does. */
  reconnect(options?: { within?: number | undefined }): void;
}

/** A connection to make. */
export interface TransportRequest {
  /**
   * Absolute, and without any resume parameter: {@link TransportRequest.resume} says where
   * `lastEventId` goes.
   */
  readonly url: string;
  /** True if credentials are sent across origins. */
  readonly withCredentials: boolean;
  /** The id to resume after; "" for none. */
  readonly lastEventId: string;
  /** The origin that the latest event came from, after redirects; "" before the first event. */
  readonly origin: string;
  /**
   * How the request sends the id. Undefined: by header within an origin, by the query parameter
   * `lastEventId` across origins.
   */
  readonly resume: Resume | undefined;
  /**
   * How many connections in a row have failed before this one (see `minUptime`): 0 at first, 1 for
   * the first retry.
   */
  readonly attempt: number;
  /** The option `connectTimeout`, in milliseconds; 0: off. The source enforces it. */
  readonly connectTimeout: number;
  /** The option `heartbeatTimeout`, in milliseconds; 0: off. The source enforces it. */
  readonly heartbeatTimeout: number;
  /** The event names that have listeners. A transport that sees all events need not read them. */
  readonly names: ListenedTypes;
  /** The source that makes this request. */
  readonly source: SourceHandle;
  /** Aborts when this connection is no longer wanted. Each attempt has its own. */
  readonly signal: AbortSignal;
}

/** The facts about an event that every listener gets in addition to the payload. */
export interface EventMeta {
  /** The last event ID as of this event. */
  readonly lastEventId: string;
  /** The origin that the event came from: that of the final URL, after redirects. */
  readonly origin: string;
}

/**
 * The facts about an event, as a transport gives them. A native MessageEvent can be passed as it
 * is; the browser then makes no string of its id until somebody reads it.
 */
export type TransportEventMeta = EventMeta & {
  /**
   * True while this connection has not named an id: `lastEventId` is then the id that the request
   * resumed after. Default false.
   */
  readonly idInherited?: boolean;
};

/**
 * The facts that are known when a connection opens. Empty over a native EventSource, which hides
 * them.
 */
export interface OpenDetails {
  /** The HTTP status; undefined if it is hidden. */
  readonly status?: number | undefined;
  /** The response's headers; undefined if they are hidden. */
  readonly headers?: Headers | undefined;
  /**
   * Identifies this connection, for transports that have several underlying ones. Events with the
   * same number are never repeats of each other. Default: every call of `open` is about a new
   * connection.
   */
  readonly connection?: number | undefined;
}

/** Receives what a transport delivers. No method throws. */
export interface Sink {
  /** The server has answered, but not with an event stream: `connectTimeout` no longer applies. */
  answered?(): void;
  /**
   * The server has accepted: the response is an event stream. A second call says that the shared
   * connection behind this one was replaced by another.
   */
  open(details?: OpenDetails): void;
  /** A whole event. May be called unbound, which is faster. */
  readonly event: (type: string, data: string, meta: TransportEventMeta) => void;
  /**
   * The last event ID changed without an event: a block with `id` but no `data`. `origin` is that
   * of the final URL; default: that of the latest event.
   */
  lastEventId(id: string, origin?: string): void;
  /** A byte has arrived, perhaps of a comment. An event is a sign of life without this call. */
  activity(): void;
  /**
   * The role of this tab, where the connection is shared: called before `open` and at every change;
   * undefined if it is not shared after all. As a follower, a source applies no timeouts.
   */
  role?(role: Role | undefined): void;
  /** The stream's reconnection time (the `retry` field) in milliseconds, as the server wrote it. */
  retry(ms: number): void;
  /**
   * The request is about to be sent, and must not be sent again: its method is not safe, so a
   * second request would do the work, and bill for it, twice. The call may abort the request's
   * signal.
   */
  unrepeatable?(): void;
}

/** The abilities of a transport, as data that can be printed and tested. */
export interface TransportAbilities {
  /** True if request headers, method and body can be set. */
  readonly headers: boolean;
  /** How it can tell the server the last event id. */
  readonly resume: "header" | "query";
  /** True if it sees comments and `retry` fields: then a comment can serve as a heartbeat. */
  readonly comments: boolean;
  /** True if it sees the HTTP status of a refusal. */
  readonly status: boolean;
}

/** Makes one connection; see the contract at the top of this file. */
export interface Transport {
  (request: TransportRequest, sink: Sink): Promise<void>;
  /** Undefined if they are unknown. */
  readonly abilities?: TransportAbilities;
  /**
   * Everything that the request depends on in addition to URL and credentials, as text: sources
   * with equal keys can share a connection. Undefined if that cannot be known.
   */
  readonly key?: string | undefined;
  /**
   * True if it does not use the network, as in tests: no browser cuts its connections when the page
   * is left, so errors are reported without a grace period. Default false.
   */
  readonly isLocal?: boolean | undefined;
}
