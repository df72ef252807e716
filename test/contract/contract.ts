import { afterAll, afterEach, beforeAll, describe, expect, it, type TestOptions } from "vitest";
import type { TransportAbilities } from "../../src/transport/transport.ts";
import {
  FaultServer,
  type Exchange,
  type FaultConnection,
  type HeadInit,
} from "../support/server/fault-server.ts";
import { Connection, isSettlement, type Harness } from "./harness.ts";
import type { ConnectOptions } from "./recorder.ts";
import { crossingOrigins } from "./cases/crossing-origins.ts";
import { ending } from "./cases/ending.ts";
import { load } from "./cases/load.ts";
import { names } from "./cases/names.ts";
import { opening } from "./cases/opening.ts";
import { parsing } from "./cases/parsing.ts";
import { resuming } from "./cases/resuming.ts";

/**
 * Facts about a transport in addition to its abilities: its choices, and the defects of a third
 * party's class.
 */
export interface Traits {
  /**
   * The abilities of the chosen transport, for one that has none of its own because it chooses
   * another.
   */
  abilities?: (options: ConnectOptions, isSameOrigin: boolean) => TransportAbilities;
  /** An EventSource class whose `error` event has the status, unlike a native one's. */
  tellsStatus?: boolean;
  /** An EventSource class that gives an event without `id` the last event ID "". */
  forgetsIds?: boolean;
  /** An EventSource class that accepts an id with U+0000 NULL. */
  takesNulIds?: boolean;
  /** An EventSource class whose events have no `origin`. */
  hidesOrigin?: boolean;
  /** Still delivers events of a name after its last listener was removed, as our own parser may. */
  keepsNames?: boolean;
  /**
   * XMLHttpRequest has no cache mode, and a header in its place would need a CORS preflight, so a
   * stream that the server allows to be cached may come from the cache.
   */
  obeysCache?: boolean;
  /** An EventSource class that does not cancel the body of an answer it refused. */
  keepsRefusedBodies?: boolean;
  /** An EventSource class that drops U+0000 NULL from data, and a block with one in its id. */
  dropsNul?: boolean;
  /** An EventSource class that ignores a block with an id and without data. */
  forgetsIdsWithoutData?: boolean;
  /** A decoder that takes a byte order mark for text if it arrives in pieces. */
  keepsSplitMarks?: boolean;
  /** An EventSource class that gives up, as if refused, when another origin cannot be reached. */
  givesUpEarly?: boolean;
  /**
   * An EventSource class that reads its buffer from the start with every chunk: the longest event
   * (in characters) that it can take.
   */
  longestEvent?: number;
  /** The engine normalizes percent-encoding in a URL. */
  normalizesUrls?: boolean;
  /** The engine reads a header's value as Latin-1 and sends it as UTF-8. */
  recodesHeaders?: boolean;
  /**
   * How many requests an attempt may make where the server closes the connection without an answer.
   */
  requestsPerAttempt?: number;
  /** The engine takes the end of a connection between two chunks for the end of the body. */
  endsBetweenChunks?: boolean;
  /** A body may come in small chunks. A cut then drops all but the one being read. */
  dropsChunks?: boolean;
  /** The engine takes an answer that is not HTTP/1.1 for HTTP/0.9: status 200, without a type. */
  takesTextForAnswer?: boolean;
  /** After an abort the engine keeps a connection that a redirect led to until the next byte. */
  holdsRedirected?: boolean;
}

/** The pause (ms) between two writes that have to arrive as two chunks. */
const CHUNK_PAUSE = 5;

/** The tools of the cases: two servers, and connections to them by one transport. */
export class Bench {
  /** The server of the page's own origin. */
  home!: FaultServer;
  /** A server of another origin. */
  away!: FaultServer;
  private ownAbilities: TransportAbilities | undefined;
  private connections: Connection[] = [];
  private paths = 0;

  constructor(
    private readonly harness: Harness,
    readonly traits: Traits,
  ) {}

  get isPage(): boolean {
    return this.harness.isPage;
  }

  async start(): Promise<void> {
    this.home = await FaultServer.start();
    this.away = await FaultServer.start();
    await this.harness.start(this.home);
    this.ownAbilities = await this.harness.abilities();
  }

  async stop(): Promise<void> {
    await this.harness.stop();
    this.home.close();
    this.away.close();
  }

  /** A path that no other case uses. */
  newPath(): string {
    return `/stream/${++this.paths}`;
  }

  /** Open sockets on both servers. */
  get liveStreams(): number {
    return this.home.live("/stream/") + this.away.live("/stream/");
  }

  async connect(options: ConnectOptions): Promise<Connection> {
    const isSameOrigin = new URL(options.url).origin === this.home.origin;
    const abilities = this.traits.abilities?.(options, isSameOrigin) ?? this.ownAbilities;
    if (!abilities) throw new Error("a transport without abilities needs the trait that says them");
    const connection = new Connection(abilities, await this.harness.connect(options));
    this.connections.push(connection);
    return connection;
  }

  /** Connects to a new path of a server and returns both ends before the server answers. */
  async request(
    options: Partial<ConnectOptions> & { server?: FaultServer; cors?: boolean } = {},
  ): Promise<Exchange & { client: Connection }> {
    const { server = this.home, cors = server === this.away, ...rest } = options;
    const path = this.newPath();
    const accepted = server.accept(path, { cors });
    const client = await this.connect({ url: server.origin + path, ...rest });
    return { client, ...(await accepted) };
  }

  /**
   * Connects to a new path of the home server that answers every request alike: an engine may
   * repeat a request that got no byte.
   */
  async meet(scenario: (connection: FaultConnection) => void): Promise<Connection> {
    const path = this.newPath();
    this.home.serve(path, (_, connection) => scenario(connection));
    return this.connect({ url: this.home.origin + path });
  }

  /**
   * Connects and opens. The comment is there because Firefox and WebKit open at the first byte of
   * the body.
   */
  async open(
    options: Partial<ConnectOptions> & { server?: FaultServer; head?: HeadInit } = {},
  ): Promise<Exchange & { client: Connection }> {
    const { head, ...rest } = options;
    const ends = await this.request(rest);
    ends.connection.head(head).write(":\n\n");
    await ends.client.opened();
    return ends;
  }

  /** Sends a stream, in one chunk for each text, and waits for an event that is sent behind it. */
  async receive(
    chunks: (string | Uint8Array)[],
    options: Partial<ConnectOptions> = {},
  ): Promise<Connection> {
    const { client, connection } = await this.request(options);
    connection.head();
    for (const chunk of chunks) {
      connection.write(chunk);
      await new Promise((resolve) => setTimeout(resolve, CHUNK_PAUSE));
    }
    connection.write("\n\ndata: behind\n\n");
    await client.received("behind");
    const behind = client.entries.findIndex(
      (entry) => entry.call === "event" && entry.data === "behind",
    );
    client.entries.splice(behind, 1);
    return client;
  }

  /** Must hold of every connection after every case. */
  async settle(): Promise<void> {
    const connections = this.connections.splice(0);
    for (const connection of connections) {
      await connection.update(1);
      // A connection that has settled on its own must have released its socket on its own.
      if (!connection.settled) await connection.abort();
      await connection.end();
    }
    await expect.poll(() => this.liveStreams, { interval: 2 }).toBe(0);
    for (const connection of connections) {
      // Anything late would come in this turn.
      await connection.update(1);
      const calls = connection.entries.map(({ call }) => call);
      const received = connection.entries.filter((entry) => !isSettlement(entry));
      expect(
        received.length === 0 || received[0]!.call === "open",
        `open comes first: ${calls.join()}`,
      ).toBe(true);
      expect(
        calls.filter((call) => call === "open").length,
        "opens at most once",
      ).toBeLessThanOrEqual(1);
      expect(
        connection.entries.findIndex(isSettlement),
        "nothing comes after the promise has settled",
      ).toBe(connection.entries.length - 1);
    }
  }
}

/** Runs every case of the contract over one transport. */
export function describeContract(
  name: string,
  harness: Harness,
  traits: Traits = {},
  options: TestOptions = {},
): void {
  describe(name, options, () => {
    const bench = new Bench(harness, traits);
    beforeAll(() => bench.start());
    afterAll(() => bench.stop());
    afterEach(() => bench.settle());
    for (const [title, cases] of Object.entries({
      parsing,
      names,
      opening,
      ending,
      resuming,
      "crossing origins": crossingOrigins,
      load,
    })) {
      describe(title, () => cases(bench));
    }
  });
}

/** `it`, once for each row of a table. */
export function rows<Row>(table: Record<string, Row>, run: (row: Row) => Promise<void>): void {
  for (const [name, row] of Object.entries(table)) it(name, () => run(row));
}
