import { ConnectionError, type ConnectionErrorInit } from "./errors.ts";
import { nextTask } from "./util/next-task.ts";
import type { OpenDetails, Sink, Transport, TransportRequest } from "./transport/transport.ts";

export type { OpenDetails, Transport, TransportRequest } from "./transport/transport.ts";

/**
 * A fake server for tests: pass its `transport` to a source, and control the other end of the
 * connection.
 */
export interface FakeStream {
  /** The value for the option `transport`. It serves one source at a time. */
  readonly transport: Transport;
  /**
   * All requests so far, with `lastEventId`, `attempt`, `url` and so on; the latest is the last.
   */
  readonly requests: readonly TransportRequest[];
  /** True if a source is connecting or connected. */
  readonly connected: boolean;
  /**
   * Resolves with the current request, or with the next one if no source is connected: a source
   * connects in a microtask after its construction.
   */
  requested(): Promise<TransportRequest>;
  /**
   * Resolves when the source has dispatched what follows from the calls so far, such as the `error`
   * event after `drop()`. It does not wait for timers, and works with fake ones.
   */
  settled(): Promise<void>;
  /** Accepts the connection. `send`, `comment` and `retry` do it if it is needed. */
  open(details?: OpenDetails): void;
  /**
   * Sends an event. Data other than strings is sent as JSON. An `id` becomes the last event ID; ""
   * resets it.
   */
  send(type: string, data: unknown, options?: { id?: string | undefined }): void;
  /** Sends a comment: a sign of life without an event. */
  comment(): void;
  /** Sends the `retry` field: the reconnection time in milliseconds. */
  retry(ms: number): void;
  /** Ends the stream as a server does: reason `ended`; a normal end if it is not `repeatable`. */
  end(): void;
  /** Cuts the connection: reason `network`. */
  drop(): void;
  /** Makes the connection fail: `fail({ reason: "status", status: 503 })`. */
  fail(error: ConnectionErrorInit): void;
}

interface Connection {
  readonly request: TransportRequest;
  readonly sink: Sink;
  readonly resolve: () => void;
  readonly reject: (error: ConnectionError) => void;
}

/** Options of `fakeStream`. */
export interface FakeStreamOptions {
  /**
   * False: plays requests that are never sent again on their own, such as a POST. Then `end()` is a
   * normal end, and after `drop()` the source closes. Default true.
   */
  repeatable?: boolean | undefined;
}

/** Creates a {@link FakeStream}. Its methods throw while no source is connected. */
// One function although it is long: its methods are short, and may be destructured.
export function fakeStream({ repeatable = true }: FakeStreamOptions = {}): FakeStream {
  const requests: TransportRequest[] = [];
  const waitingForRequest: ((request: TransportRequest) => void)[] = [];
  let current: Connection | undefined;
  let isOpen = false;
  let lastEventId = "";
  let idInherited = true;

  const connected = (): Connection => {
    if (!current) throw new Error("no source is connected to this stream: await requested() first");
    return current;
  };
  /**
   * Opens the connection if it is not open. (A second `open` means that a shared connection was
   * replaced.)
   */
  const opened = (): Connection => {
    if (!isOpen) stream.open();
    return connected();
  };
  const disconnect = (): Connection => {
    const connection = connected();
    current = undefined;
    return connection;
  };
  const connect: Transport = (request, sink) =>
    new Promise((resolve, reject) => {
      const connection: Connection = { request, sink, resolve, reject };
      current = connection;
      isOpen = false;
      idInherited = true;
      lastEventId = request.lastEventId;
      requests.push(request);
      if (!repeatable) sink.unrepeatable?.();
      request.signal.addEventListener("abort", () => {
        if (current === connection) current = undefined;
        resolve();
      });
      for (const resolveRequest of waitingForRequest.splice(0)) resolveRequest(request);
    });

  const stream: FakeStream = {
    transport: Object.assign(connect, { isLocal: true }),
    requests,
    get connected() {
      return current !== undefined;
    },
    requested: () =>
      current
        ? Promise.resolve(current.request)
        : new Promise((resolve) => waitingForRequest.push(resolve)),
    settled: nextTask,
    open: (details) => {
      const { sink } = connected();
      isOpen = true;
      sink.open(details);
    },
    send: (type, data, { id } = {}) => {
      const text = typeof data === "string" ? data : (JSON.stringify(data) as string | undefined);
      if (text === undefined) throw new TypeError("data must be a string or have a JSON form");
      const { sink, request } = opened();
      if (id !== undefined) {
        lastEventId = id;
        idInherited = false;
      }
      sink.event(type, text, { lastEventId, origin: new URL(request.url).origin, idInherited });
    },
    comment: () => {
      opened().sink.activity();
    },
    retry: (ms) => {
      opened().sink.retry(ms);
    },
    end: () => {
      disconnect().resolve();
    },
    drop: () => {
      stream.fail({ reason: "network" });
    },
    fail: (error) => {
      disconnect().reject(
        new ConnectionError(`the test made the connection fail: ${error.reason}`, error),
      );
    },
  };
  return stream;
}
