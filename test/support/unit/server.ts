import {
  ConnectionError,
  type ConnectionErrorInit,
  type OpenDetails,
  type Sink,
  type Transport,
  type TransportRequest,
} from "../../../src/index.ts";

export const ORIGIN = "https://example.com";

/** One attempt, seen from the server that the test plays. */
export class Connection {
  /** When it was asked for. */
  readonly at = performance.now();
  /** Neither ended nor aborted. */
  live = true;

  constructor(
    readonly request: TransportRequest,
    /** As the transport got it: a test of stale attempts goes on calling it. */
    readonly sink: Sink,
    private readonly settle: (error?: ConnectionError) => void,
  ) {}

  open(details?: OpenDetails): this {
    this.sink.open(details);
    return this;
  }

  send(data: string, { type = "message", id = "" } = {}): this {
    this.sink.event(type, data, { lastEventId: id, origin: ORIGIN });
    return this;
  }

  /** The server ends the stream. */
  end(): void {
    this.live = false;
    this.settle();
  }

  /** The attempt ends with an error. */
  fail(
    reason: ConnectionErrorInit["reason"] = "network",
    init: Omit<ConnectionErrorInit, "reason"> = {},
  ): void {
    this.live = false;
    this.settle(new ConnectionError(`failed by the test: ${reason}`, { reason, ...init }));
  }
}

/** A transport whose other end is the test, or `behaviour`, called with each new connection. */
export class FakeServer {
  readonly connections: Connection[] = [];
  behaviour: (connection: Connection, server: FakeServer) => void = () => {};

  readonly transport: Transport = (request, sink) =>
    new Promise((resolve, reject) => {
      const connection = new Connection(request, sink, (error) => {
        if (error) reject(error);
        else resolve();
      });
      request.signal.addEventListener("abort", () => {
        connection.live = false;
        resolve();
      });
      this.connections.push(connection);
      this.behaviour(connection, this);
    });

  /** The latest connection. */
  get latest(): Connection {
    return this.connections.at(-1)!;
  }

  get live(): readonly Connection[] {
    return this.connections.filter(({ live }) => live);
  }
}
