import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../support/server/free-port.ts";
import { expectResets, reset } from "../../support/server/reset.ts";

/**
 * A fault of one connection, at a byte of the answer (head included) where `at` says so.
 *
 * Corruption is limited to faults that a client can detect: a head that is not HTTP, or a chunk
 * size that is not a number. The payload has no checksum, so changed bytes in it cannot be
 * detected.
 */
export type Mischief =
  | { readonly kind: "none" }
  | { readonly kind: "cut by FIN" | "cut by RST" | "stall" | "trickle"; readonly at: number }
  | { readonly kind: "late"; readonly ms: number }
  | {
      readonly kind:
        | "swallow the request"
        | "corrupt the status line"
        | "corrupt the content type's name"
        | "corrupt the chunk framing";
    };

/** Decides by the request's query. Undefined: no fault for this request. */
export interface ProxyHost {
  /** A request came. */
  request(query: URLSearchParams): { readonly mischief: Mischief; closed(): void } | undefined;
}

/** A TCP proxy on 127.0.0.1 that treats connections badly, byte by byte. */
export class Proxy {
  private readonly clients = new Set<Socket>();
  private listener: Server | undefined;
  private port = 0;

  private constructor(
    private readonly target: number,
    private readonly host: ProxyHost,
    private readonly name: string,
  ) {}

  /** @param name The host name in its origin. */
  static async start(target: number, host: ProxyHost, name = "127.0.0.1"): Promise<Proxy> {
    const proxy = new Proxy(target, host, name);
    await proxy.listen();
    return proxy;
  }

  get origin(): string {
    return `http://${this.name}:${this.port}`;
  }

  /** Accepts connections, again on the same port after `die`. */
  async listen(): Promise<void> {
    this.port ||= await freePort();
    const listener = createServer((client) => this.take(client));
    this.listener = listener;
    await new Promise<void>((resolve, reject) =>
      listener.once("error", reject).listen(this.port, "127.0.0.1", resolve),
    );
  }

  /** Cuts everything and refuses new connections. */
  die(): void {
    this.listener?.close();
    for (const client of this.clients) reset(client);
  }

  private take(client: Socket): void {
    this.clients.add(client);
    client.setNoDelay(true);
    expectResets(client);
    client.once("close", () => this.clients.delete(client));
    let head = "";
    const read = (bytes: Buffer): void => {
      head += bytes.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      client.off("data", read).resume();
      const found = this.host.request(
        new URLSearchParams(head.slice(0, head.indexOf(" HTTP/")).split("?")[1]),
      );
      client.once("close", () => found?.closed());
      const { mischief = { kind: "none" } } = found ?? {};
      if (mischief.kind !== "swallow the request")
        new Relay(client, this.target, mischief).send(head);
    };
    client.on("data", read);
  }
}

/** The two sockets of a connection, and the faults of the answer. */
class Relay {
  private readonly server: Socket;
  private readonly framing = new Framing();
  private sent = 0;
  /**
   * The answer passes through here piece by piece, so that a delayed piece does not change places
   * with the next one.
   */
  private queue = Promise.resolve();

  constructor(
    private readonly client: Socket,
    target: number,
    private readonly mischief: Mischief,
  ) {
    this.server = connect(target, "127.0.0.1").setNoDelay(true);
    this.server.on("data", (bytes) => this.enqueue(() => this.forward(bytes)));
    this.server.on("end", () => this.enqueue(() => client.destroySoon()));
    this.server.on("error", () => reset(client));
    client.once("close", () => this.server.destroy());
    if (mischief.kind === "late") this.enqueue(() => sleep(mischief.ms));
  }

  send(head: string): void {
    this.server.write(head, "latin1");
  }

  private enqueue(step: () => unknown): void {
    this.queue = this.queue.then(async () => {
      if (!this.client.destroyed) await step();
    });
  }

  private async forward(bytes: Buffer): Promise<void> {
    const { mischief } = this;
    switch (mischief.kind) {
      case "corrupt the status line":
        if (this.sent === 0) bytes = replaced(bytes, "HTTP/1.1", "HTTQ/1.1");
        break;
      case "corrupt the content type's name":
        bytes = replaced(bytes, "Content-Type", "Xontent-Type");
        break;
      case "corrupt the chunk framing": {
        const size = this.framing.findSize(bytes);
        if (size !== undefined) bytes[size] = "z".charCodeAt(0);
        break;
      }
      case "trickle":
        while (this.sent < mischief.at && bytes.length) {
          this.write(bytes.subarray(0, 7));
          bytes = bytes.subarray(7);
          await sleep(2);
        }
        break;
      case "cut by FIN":
      case "cut by RST":
      case "stall":
        if (this.sent + bytes.length < mischief.at) break;
        this.write(bytes.subarray(0, mischief.at - this.sent));
        // Nothing more is read. When the client disconnects, its end closes the other one.
        this.server.pause();
        if (mischief.kind === "cut by FIN") this.client.destroySoon();
        if (mischief.kind === "cut by RST") reset(this.client);
        return;
      default:
    }
    this.write(bytes);
  }

  private write(bytes: Buffer): void {
    this.sent += bytes.length;
    if (bytes.length && this.client.writable) this.client.write(bytes);
  }
}

function replaced(bytes: Buffer, what: string, by: string): Buffer {
  const at = bytes.indexOf(what, 0, "latin1");
  if (at >= 0) bytes.write(by, at, "latin1");
  return bytes;
}

/**
 * Finds a chunk size in an answer whose head says that it is chunked. The first chunk is left
 * alone, so that something was sent.
 */
class Framing {
  private text = "";
  private chunks = 0;
  private next: number | undefined;
  private read = 0;

  /** The position within `bytes` of a chunk size after the first; undefined if there is none. */
  findSize(bytes: Buffer): number | undefined {
    const before = this.read;
    this.read += bytes.length;
    this.text += bytes.toString("latin1");
    if (this.next === undefined) {
      const end = this.text.indexOf("\r\n\r\n");
      if (end < 0 || !this.text.slice(0, end).includes("Transfer-Encoding: chunked"))
        return undefined;
      this.next = end + 4;
    }
    for (;;) {
      const line = /^[0-9a-f]+\r\n/.exec(this.text.slice(this.next));
      if (!line) return undefined;
      if (this.chunks++ && this.next >= before) return this.next - before;
      this.next += line[0].length + Number.parseInt(line[0], 16) + 2;
    }
  }
}
