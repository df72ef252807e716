import {
  FaultServer,
  type FaultConnection,
  type FaultRequest,
} from "../../support/server/fault-server.ts";
import { resumePoint } from "../../support/pages/page-route.ts";
import { EventLog } from "../../support/server/event-log.ts";
import type { Random } from "../../support/random.ts";

/** Answers to a request, by weight. */
const answers = {
  stream: 40,
  ends: 10,
  "cut by FIN": 10,
  "cut by RST": 8,
  "falls silent": 4,
  "a transient status": 8,
  "a final answer": 3,
  "a refusal without an end": 4,
  "empty data lines without end": 3,
  "an event without an end": 2,
  "nothing, and a close": 4,
  "nothing at all": 3,
  "a head and no body": 2,
  "half a head": 5,
  "a redirect": 4,
};

/** Beginnings of an event stream, by weight. */
const openings = {
  nothing: 60,
  "a byte order mark": 8,
  "a wrong retry": 6,
  retry: 14,
  "a huge comment": 4,
  "an id that no request can carry": 6,
  "a replay": 8,
};

/** How many events are large. */
const LARGE = 0.01;

const wrongRetries = ["-5", "abc", "1.5", "", "0x10", " 7"];

/**
 * Reconnection times that mean "not in this century": a source then waits until somebody calls
 * `reconnect()`. How many of the answers that name a time name one of these.
 */
const hugeRetries = ["99999999999", "100000000000000000000000000000"];
const HUGE = 0.04;

/** Every form of Retry-After in a transient answer. The date is in the past: no wait at all. */
const retryAfters = ["1", "0", "soon", "Thu, 01 Jan 2026 00:00:00 GMT", undefined];

/** More than a request can carry, and what HTTP forbids in it. */
const refusedIds = ["x".repeat(9000), "é".repeat(100_000), "\u0001", "\u001b[31m", "\u007f"];

/** How often (ms) an answer without an end goes on. */
const GOES_ON = 20;
/** How much of an endless event is sent: more than a client may keep (bytes). */
const ENDLESS = 2 ** 25;

/** One stream: its log, its random choices, and its open answers. */
interface Stream {
  readonly log: EventLog;
  readonly random: Random;
  /** Its sources use `dedupe`, so the server may repeat events. */
  readonly repeats: boolean;
  /** The reconnection times that its answers name. */
  readonly retries: readonly number[];
  requests: number;
  readonly feeds: Set<Feed>;
}

/**
 * The server behind the proxies: an endless stream for each source, with every fault that a server
 * can have.
 */
export class ChaosServer {
  /** True while it answers every request with a stream. */
  calm = false;
  private readonly streams = new Map<string, Stream>();

  private constructor(
    readonly faults: FaultServer,
    private readonly random: Random,
    /** Called for every fault. */
    private readonly note: (stream: string, fault: string) => void,
  ) {
    faults.serve("/chaos", (request, connection) => this.answer(request, connection), {
      cors: true,
    });
  }

  static async start(
    random: Random,
    note: (stream: string, fault: string) => void,
  ): Promise<ChaosServer> {
    return new ChaosServer(await FaultServer.start(), random, note);
  }

  addStream(name: string, repeats: boolean): EventLog {
    const log = new EventLog(this.random.fork(`log of ${name}`), LARGE);
    const random = this.random.fork(`retries of ${name}`);
    this.streams.set(name, {
      log,
      random: this.random,
      repeats,
      retries: [0, random.int(1, 300), random.int(400, 1000)],
      requests: 0,
      feeds: new Set(),
    });
    return log;
  }

  /** Every reconnection time (ms) that this stream's sources can have. */
  retriesOf(name: string): number[] {
    return [...this.streams.get(name)!.retries, ...hugeRetries.map(Number)];
  }

  /** No source will ask for it again. */
  removeStream(name: string): void {
    this.streams.delete(name);
  }

  /** Publishes events in every stream. */
  publish(count: () => number): void {
    for (const { log, feeds } of this.streams.values()) {
      for (let left = count(); left > 0; left--) {
        log.published++;
        for (const feed of feeds) feed.send(log.event(log.published).bytes);
      }
    }
  }

  close(): void {
    this.faults.close();
  }

  private answer(request: FaultRequest, connection: FaultConnection): void {
    const query = new URLSearchParams(request.query);
    const name = query.get("source") ?? "";
    const stream = this.streams.get(name);
    if (!stream) {
      // Its source was closed a moment ago. The proxy's book tells if the request came too late.
      connection.cut();
      return;
    }
    const random = stream.random.fork(`answer ${++stream.requests} of ${name}`);
    const kind = this.calm ? "stream" : random.weighted(answers);
    if (kind !== "stream") this.note(name, `server: ${kind}`);
    switch (kind) {
      case "a transient status":
        connection
          .head({
            status: random.pick([408, 425, 429, 500, 502, 503, 503, 504]),
            headers: { "Retry-After": random.pick(retryAfters) },
          })
          .write("data: not for you\n\n")
          .end();
        break;
      case "a final answer":
        if (random.chance(0.3)) connection.head({ status: 204 }).end();
        else if (random.chance(0.5))
          connection.head({ status: random.pick([401, 403, 404, 410]) }).end();
        else
          connection
            .head({ headers: { "Content-Type": "text/html" } })
            .write("<p>data: a login page\n\n")
            .end();
        break;
      case "a refusal without an end": {
        const status = random.pick([200, 401, 404, 429, 500, 503]);
        const type = random.pick(["text/plain", "application/json", "text/html", "image/png"]);
        connection.head({ status, headers: { "Content-Type": type } });
        this.goOn(connection, Buffer.alloc(4096, "no "), Infinity);
        break;
      }
      case "empty data lines without end":
        this.goOn(
          connection.head(),
          Buffer.from(random.pick(["data\n", "data:\n", "data\r", "data: \r\n"]).repeat(4000)),
          Infinity,
        );
        break;
      case "an event without an end":
        this.goOn(
          connection.head(),
          Buffer.from(random.pick(["data: ", ""]) + "x".repeat(2 ** 19) + random.pick(["\n", ""])),
          ENDLESS,
        );
        break;
      case "nothing, and a close":
        connection.cut();
        break;
      case "nothing at all":
        break;
      case "a head and no body":
        connection.head();
        break;
      case "half a head": {
        const head =
          "HTTP/1.1 200 Fault\r\nContent-Type: text/event-stream\r\nAccess-Control-Allow-Origin: *\r\n\r\n";
        connection.raw(head.slice(0, random.int(1, head.length - 1)));
        if (random.chance(0.5)) connection.cut();
        else connection.reset();
        break;
      }
      case "a redirect":
        if (query.has("hop")) this.stream(name, stream, "stream", request, connection, random);
        else {
          const status = random.pick([301, 302, 303, 307, 308]);
          connection.head({ status, headers: { Location: `/chaos?${request.query}&hop=1` } }).end();
        }
        break;
      default:
        this.stream(name, stream, kind, request, connection, random);
    }
  }

  /** Sends a piece of an answer again and again, until the client closes or the calm begins. */
  private goOn(connection: FaultConnection, piece: Buffer, most: number): void {
    let left = most;
    const timer = setInterval(() => {
      if (this.calm) connection.cut();
      else if ((left -= piece.length) > 0) connection.write(piece);
    }, GOES_ON);
    void connection.closed.then(() => clearInterval(timer));
  }

  private stream(
    name: string,
    stream: Stream,
    ending: Ending,
    request: FaultRequest,
    connection: FaultConnection,
    random: Random,
  ): void {
    const feed = new Feed(connection, ending, random.magnitude(20_000));
    stream.feeds.add(feed);
    void connection.closed.then(() => stream.feeds.delete(feed));
    connection.head({ chunked: random.chance(0.5) });

    let after = EventLog.numberOf(resumePoint(request));
    const opening = this.calm ? "nothing" : random.weighted(openings);
    if (opening !== "nothing" && (opening !== "a replay" || stream.repeats))
      this.note(name, `server: begins with ${opening}`);
    switch (opening) {
      case "a byte order mark":
        feed.send(Buffer.from("\uFEFF"));
        break;
      case "a wrong retry":
        feed.send(Buffer.from(`retry: ${random.pick(wrongRetries)}\n\n`));
        break;
      case "retry":
        feed.send(
          Buffer.from(
            `retry: ${random.chance(HUGE) ? random.pick(hugeRetries) : random.pick(stream.retries)}\n\n`,
          ),
        );
        break;
      case "a huge comment":
        feed.send(Buffer.from(`: ${"very ".repeat(random.int(10_000, 100_000))}\n`));
        break;
      case "an id that no request can carry":
        // Ignored: whoever took it would resume from another event.
        feed.send(Buffer.from(`id: ${after + 3},${random.pick(refusedIds)}\n\n`));
        break;
      case "a replay":
        if (stream.repeats) after = Math.max(0, after - random.int(1, 20));
        break;
      default:
    }
    for (let number = after + 1; number <= stream.log.published; number++)
      feed.send(stream.log.event(number).bytes);
  }
}

type Ending = "stream" | "ends" | "cut by FIN" | "cut by RST" | "falls silent";

/** The body of one answer. It ends after a number of bytes unless it is a plain stream. */
class Feed {
  private isOver = false;

  constructor(
    private readonly connection: FaultConnection,
    private readonly ending: Ending,
    private left: number,
  ) {}

  send(bytes: Buffer): void {
    if (this.isOver) return;
    if (this.ending === "stream" || bytes.length < this.left) {
      this.left -= bytes.length;
      this.write(bytes);
      return;
    }
    this.isOver = true;
    this.write(bytes.subarray(0, this.left));
    if (this.ending === "ends") this.connection.end();
    else if (this.ending === "cut by FIN") this.connection.cut();
    else if (this.ending === "cut by RST") this.connection.reset();
  }

  private write(bytes: Buffer): void {
    // A chunk without bytes would be the last one.
    if (bytes.length) this.connection.write(bytes);
  }
}
