import type {
  FaultConnection,
  FaultRequest,
  FaultServer,
  HeadInit,
  Scenario,
} from "../server/fault-server.ts";

/** A request, and when it came, by both clocks of this process. */
interface Arrival {
  request: FaultRequest;
  connection: FaultConnection;
  /** Milliseconds of the monotonic clock. */
  at: number;
  /** Milliseconds since the epoch. */
  date: number;
}

let routes = 0;

/**
 * A path of its own under /stream/. Each request gets the next answer; the last answer is repeated.
 */
export class Route {
  readonly url: string;
  readonly arrivals: Arrival[] = [];
  private readonly answers: Scenario[];

  constructor(server: FaultServer, answers: Scenario[], { cors = false } = {}) {
    const path = `/stream/${++routes}`;
    this.url = server.origin + path;
    this.answers = [...answers];
    server.serve(
      path,
      (request, connection) => {
        this.arrivals.push({ request, connection, at: performance.now(), date: Date.now() });
        const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
        answer?.(request, connection);
      },
      { cors },
    );
  }

  /** Sets the answers to the next requests. */
  answer(...answers: Scenario[]): void {
    this.answers.splice(0, Infinity, ...answers);
  }

  get count(): number {
    return this.arrivals.length;
  }

  /** The last id in each request, from the header or the query; "" for none. */
  get resumedAfter(): string[] {
    return this.arrivals.map(({ request }) => resumePoint(request));
  }

  /** Milliseconds between one request and the next. */
  get gaps(): number[] {
    return this.arrivals.slice(1).map(({ at }, index) => at - this.arrivals[index]!.at);
  }
}

/**
 * The last event ID of a request, from its header or the query parameter `lastEventId`; "" for
 * none.
 */
export function resumePoint({ headers, query }: FaultRequest): string {
  const header = headers.get("last-event-id");
  return header === undefined
    ? (new URLSearchParams(query).get("lastEventId") ?? "")
    : Buffer.from(header, "latin1").toString();
}

/** An event stream that begins with these bytes and stays open. */
export const stream =
  (...body: (string | Uint8Array)[]): Scenario =>
  (_, connection) => {
    connection.head();
    for (const piece of body) connection.write(piece);
  };

/** An event stream that ends after these bytes. */
export const ending =
  (...body: (string | Uint8Array)[]): Scenario =>
  (request, connection) => {
    stream(...body)(request, connection);
    connection.end();
  };

/** An answer that is not an event stream. */
export const refusal =
  (status: number, headers: HeadInit["headers"] = {}, body = "data: not for us\n\n"): Scenario =>
  (_, connection) => {
    connection.head({ status, headers: { "Content-Type": "text/plain", ...headers } });
    if (status !== 204) connection.write(body);
    connection.end();
  };

/** No answer. */
export const silence: Scenario = () => undefined;
