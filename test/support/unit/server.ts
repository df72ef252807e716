import {
  ConnectionError,
  type ConnectionErrorInit,
  type OpenDetails,
  type Sink,
  type Transport,
  type TransportRequest,
} from "../../../src/index.ts";

export const ORIGIN = "https://example.com";

/** One attempt, from the point of view of the server, which the test plays. */
export class Connection {
  /** When the request came. */
  readonly at = performance.now();
  /** True until the connection has ended or was aborted. */
  live = true;

  constructor(
    readonly request: TransportRequest,
    /** The transport's own sink, so a test of stale attempts can go on calling it. */
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

/**
 * A transport whose server is the test, or `behaviour`, which is called with each new connection.
 * Unlike `fakeStream`, which applications use, it shows the request and the sink: it can call a sink
 * too late, and end with any error.
 */
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
