import { createServer, type Server, type Socket } from "node:net";
import { freePort } from "./free-port.ts";
import { expectResets, reset } from "./reset.ts";

/** A request as it came over the wire. Text is Latin-1, so one character is one byte. */
export interface FaultRequest {
  readonly method: string;
  readonly path: string;
  /** Everything after the "?", byte for byte; "" without one. */
  readonly query: string;
  /** By lower-case name; the values of a repeated header are joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface HeadInit {
  status?: number;
  /** `undefined` removes a default header: `{ "Content-Type": undefined }`. */
  headers?: Record<string, string | undefined>;
  /** Sends each `write` as a chunk; otherwise the end of the connection is the end of the body. */
  chunked?: boolean;
}

/** Answers a request. One that does nothing is a server that never answers. */
export type Scenario = (request: FaultRequest, connection: FaultConnection) => unknown;

/** The server's end of one connection, which serves one request. */
export class FaultConnection {
  readonly closed: Promise<void>;
  private chunked = false;

  constructor(
    private readonly socket: Socket,
    private readonly addedHeaders: Record<string, string>,
  ) {
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  /** Sends a head, by default an event stream's. */
  head({ status = 200, headers = {}, chunked = false }: HeadInit = {}): this {
    this.chunked = chunked;
    const all = {
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store",
      Connection: "close",
      ...(chunked ? { "Transfer-Encoding": "chunked" } : {}),
      ...this.addedHeaders,
      ...headers,
    };
    const lines = Object.entries(all).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}`],
    );
    return this.raw([`HTTP/1.1 ${status} Fault`, ...lines, "", ""].join("\r\n"));
  }

  /** Sends a piece of the body. */
  write(body: string | Uint8Array): this {
    if (!this.chunked) return this.raw(body);
    return this.raw(`${Buffer.byteLength(body).toString(16)}\r\n`)
      .raw(body)
      .raw("\r\n");
  }

  /** Sends bytes as they are, without head and framing. */
  raw(bytes: string | Uint8Array): this {
    if (this.socket.writable) this.socket.write(bytes);
    return this;
  }

  /** Ends the body in the regular way. */
  end(): void {
    if (this.chunked) this.raw("0\r\n\r\n");
    this.cut();
  }

  /**
   * Ends the connection with a FIN, even in the middle of a body. It does not wait for the client's
   * own FIN, which may take long.
   */
  cut(): void {
    this.socket.destroySoon();
  }

  /** Ends the connection with an RST. */
  reset(): void {
    reset(this.socket);
  }
}

/** A request and its connection. */
export interface Exchange {
  request: FaultRequest;
  connection: FaultConnection;
}

/**
 * An HTTP/1.1 server on sockets, so that a fault can be placed at any byte.
 */
export class FaultServer {
  /** All requests, in order. */
  readonly requests: FaultRequest[] = [];
  private readonly scenarios = new Map<string, { scenario: Scenario; cors: boolean }>();
  private readonly sockets = new Map<Socket, string | undefined>();
  private listener: Server | undefined;
  private port = 0;

  private constructor(private readonly host: string) {}

  static async start(host = "127.0.0.1"): Promise<FaultServer> {
    const server = new FaultServer(host);
    await server.listen();
    return server;
  }

  get origin(): string {
    return `http://${this.host}:${this.port}`;
  }

  /** Listens, again on the same port after `stopListening`. */
  async listen(): Promise<void> {
    this.port ||= await freePort();
    const listener = createServer((socket) => this.take(socket));
    this.listener = listener;
    await new Promise<void>((resolve, reject) =>
      listener.once("error", reject).listen(this.port, this.host, resolve),
    );
  }

  /** Refuses new connections from now on; existing ones stay. */
  stopListening(): void {
    // Its promise would wait for the open connections; the port is free at once.
    this.listener?.close();
  }

  /**
   * Answers every request to a path. With `cors`, every origin is allowed, credentials and
   * Last-Event-ID included, and preflights are answered.
   */
  serve(path: string, scenario: Scenario, { cors = false } = {}): void {
    this.scenarios.set(path, { scenario, cors });
  }

  /** Waits for the next request to a path and leaves the answer to the caller. */
  accept(path: string, options?: { cors?: boolean }): Promise<Exchange> {
    return new Promise((resolve) =>
      this.serve(path, (request, connection) => resolve({ request, connection }), options),
    );
  }

  /** Serves something static: a page, or a script of one. */
  servePage(path: string, body: string, headers: Record<string, string> = {}): void {
    const head = { headers: { "Content-Type": "text/html; charset=utf-8", ...headers } };
    this.serve(path, (_, connection) => connection.head(head).write(body).end());
  }

  /** The requests to a path. */
  requestsTo(path: string): FaultRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  /**
   * How many connections are open: all, or those with a request to a path that begins like this
   * (browsers open some without a request).
   */
  live(path = ""): number {
    return [...this.sockets.values()].filter((asked = "") => asked.startsWith(path)).length;
  }

  /** Stops listening and destroys every connection. */
  close(): void {
    this.stopListening();
    for (const socket of this.sockets.keys()) socket.destroy();
  }

  private take(socket: Socket): void {
    this.sockets.set(socket, undefined);
    socket.setNoDelay(true);
    socket.on("close", () => this.sockets.delete(socket));
    expectResets(socket);
    let head = "";
    const read = (bytes: Buffer): void => {
      head += bytes.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", read).resume();
      this.answer(socket, parseHead(head));
    };
    socket.on("data", read);
  }

  private answer(socket: Socket, request: FaultRequest): void {
    this.sockets.set(socket, request.path);
    this.requests.push(request);
    const { scenario, cors } = this.scenarios.get(request.path) ?? {
      scenario: notFound,
      cors: false,
    };
    const connection = new FaultConnection(socket, cors ? corsHeaders(request) : {});
    if (cors && request.method === "OPTIONS") connection.head({ status: 204 }).end();
    else scenario(request, connection);
  }
}

const notFound: Scenario = (_, connection) =>
  connection.head({ status: 404, headers: { "Content-Type": "text/plain" } }).end();

function parseHead(head: string): FaultRequest {
  const [requestLine = "", ...lines] = head.slice(0, head.indexOf("\r\n\r\n")).split("\r\n");
  const [method = "", target = ""] = requestLine.split(" ");
  const [path = "", ...query] = target.split("?");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    const value = line.slice(line.indexOf(":") + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  return { method, path, query: query.join("?"), headers };
}

function corsHeaders({ headers }: FaultRequest): Record<string, string> {
  return {
    "Access-Control-Allow-Origin": headers.get("origin") ?? "*",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Headers": "Last-Event-ID",
  };
}
