import { ConnectionError, type ConnectionErrorInit } from "./errors.ts";
import type { OpenDetails, Sink, Transport, TransportRequest } from "./transport/transport.ts";

export type { OpenDetails, Transport, TransportRequest } from "./transport/transport.ts";

/** A server for tests, without a server: pass its `transport` to a source and play the other side of the connection. */
export interface FakeStream {
  /** For the option `transport`. One source at a time. */
  readonly transport: Transport;
  /** Every request there was, the latest last: `lastEventId`, `attempt`, `url`, … */
  readonly requests: readonly TransportRequest[];
  /** Whether a connection is being made or open. */
  readonly connected: boolean;
  /** Resolves with the current request, or with the next one if there is none: a source connects only when the code that made it has run. */
  requested(): Promise<TransportRequest>;
  /** Accepts the connection. `send` does it by itself. */
  open(details?: OpenDetails): void;
  /** Sends an event. What is no string goes as JSON. An `id` becomes the last event ID, "" resets it. */
  send(type: string, data: unknown, options?: { id?: string | undefined }): void;
  /** Sends a comment: no event, but a sign of life. */
  comment(): void;
  /** Sends the `retry` field: the reconnection time in milliseconds. */
  retry(ms: number): void;
  /** Ends the stream, as a server does. */
  end(): void;
  /** Cuts the connection: reason `network`. */
  drop(): void;
  /** Lets the connection fail with any reason: `fail({ reason: "status", status: 503 })`. */
  fail(error: ConnectionErrorInit): void;
}

interface Connection {
  readonly request: TransportRequest;
  readonly sink: Sink;
  readonly resolve: () => void;
  readonly reject: (error: ConnectionError) => void;
}

/** Makes a {@link FakeStream}. Its methods throw while there is no connection, so that a test cannot talk to nobody. */
export function fakeStream(): FakeStream {
  const requests: TransportRequest[] = [];
  const waiting: ((request: TransportRequest) => void)[] = [];
  let current: Connection | undefined;
  let isOpen = false;
  let lastEventId = "";
  let idInherited = true;

  const live = (): Connection => {
    if (!current) throw new Error("nobody is connected to this stream: await requested() first");
    return current;
  };
  /** Opened by what comes first. A second `open` would say that another connection behind this one begins. */
  const opened = (): Connection => {
    if (!isOpen) stream.open();
    return live();
  };
  const leave = (): Connection => {
    const connection = live();
    current = undefined;
    return connection;
  };
  const transport: Transport = (request, sink) =>
    new Promise((resolve, reject) => {
      const connection: Connection = { request, sink, resolve, reject };
      current = connection;
      isOpen = false;
      idInherited = true;
      lastEventId = request.lastEventId;
      requests.push(request);
      request.signal.addEventListener("abort", () => {
        if (current === connection) current = undefined;
        resolve();
      });
      for (const tell of waiting.splice(0)) tell(request);
    });

  const stream: FakeStream = {
    transport,
    requests,
    get connected() {
      return current !== undefined;
    },
    requested: () =>
      current ? Promise.resolve(current.request) : new Promise((resolve) => waiting.push(resolve)),
    open: (details) => {
      const { sink } = live();
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
      leave().resolve();
    },
    drop: () => {
      stream.fail({ reason: "network" });
    },
    fail: (error) => {
      leave().reject(
        new ConnectionError(`the test let the connection fail: ${error.reason}`, error),
      );
    },
  };
  return stream;
}
