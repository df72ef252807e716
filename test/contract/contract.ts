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

/** What has to be known of a transport beyond its abilities: what it chooses, and the defects of a third party's class. */
export interface Traits {
  /** Where the transport has no abilities of its own because it chooses another one: what the chosen one can do. */
  abilities?: (options: ConnectOptions, isSameOrigin: boolean) => TransportAbilities;
  /** An EventSource class whose `error` event tells the status, as no native one does. */
  tellsStatus?: boolean;
  /** An EventSource class that gives an event without `id` the last event ID "". */
  forgetsIds?: boolean;
  /** An EventSource class that takes an id with U+0000 NULL. */
  takesNulIds?: boolean;
  /** An EventSource class whose events have no `origin`. */
  hidesOrigin?: boolean;
  /** Goes on to deliver a name that it was told not to hear any more, as a parser of our own may. */
  keepsNames?: boolean;
  /** XMLHttpRequest has no cache mode, and a header in place of it would cost a CORS preflight: a server that allows caching is believed. */
  obeysCache?: boolean;
  /** An EventSource class that does not let go of the body of an answer it refused. */
  keepsRefusedBodies?: boolean;
  /** An EventSource class that drops U+0000 NULL from data, and a block with one in its id. */
  dropsNul?: boolean;
  /** An EventSource class for which a block with an id and no data is nothing. */
  forgetsIdsWithoutData?: boolean;
  /** A decoder that takes a byte order mark for text if it comes in pieces. */
  keepsSplitMarks?: boolean;
  /** An EventSource class that gives up, as if refused, when another origin is not reached. */
  givesUpEarly?: boolean;
  /** An EventSource class that reads its buffer from the start again with every chunk: an event this long (in characters) is all it can take. */
  longestEvent?: number;
  /** Percent-encoding in a URL is normalized on its way. */
  normalizesUrls?: boolean;
  /** The bytes of a header's value are taken for Latin-1, and sent as UTF-8. */
  recodesHeaders?: boolean;
  /** As many requests an attempt may make where the server closes without an answer. */
  requestsPerAttempt?: number;
  /** The end of a connection between two chunks passes for the end of the body. */
  endsBetweenChunks?: boolean;
  /** A body may come in small chunks, of which a cut drops those that wait behind the one in hand. */
  dropsChunks?: boolean;
  /** What is not HTTP/1.1 is HTTP/0.9: an answer with status 200 and without a type. */
  takesTextForAnswer?: boolean;
  /** A connection that a redirect led to is held after an abort, until another byte comes. */
  holdsRedirected?: boolean;
}

/** How long a pause between two writes is that are to arrive as two chunks (ms). */
const CHUNK_PAUSE = 5;

/** What the cases work with: two servers, and connections to them by one transport. */
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

  /** Open sockets, as the servers see them. */
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

  /** Connects to a new path of a server, and hands over both ends before anything was answered. */
  async request(
    options: Partial<ConnectOptions> & { server?: FaultServer; cors?: boolean } = {},
  ): Promise<Exchange & { client: Connection }> {
    const { server = this.home, cors = server === this.away, ...rest } = options;
    const path = this.newPath();
    const accepted = server.accept(path, { cors });
    const client = await this.connect({ url: server.origin + path, ...rest });
    return { client, ...(await accepted) };
  }

  /** Connects to a new path of the home server that meets every request alike: an engine may ask again by itself where it got no byte. */
  async meet(scenario: (connection: FaultConnection) => void): Promise<Connection> {
    const path = this.newPath();
    this.home.serve(path, (_, connection) => scenario(connection));
    return this.connect({ url: this.home.origin + path });
  }

  /** Connects and opens. The comment is there because Firefox and WebKit open at the first byte of the body. */
  async open(
    options: Partial<ConnectOptions> & { server?: FaultServer; head?: HeadInit } = {},
  ): Promise<Exchange & { client: Connection }> {
    const { head, ...rest } = options;
    const ends = await this.request(rest);
    ends.connection.head(head).write(":\n\n");
    await ends.client.opened();
    return ends;
  }

  /** Has a stream sent, in chunks if it is several, and waits until an event that is sent behind it has come. */
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
    await client.heard("behind");
    const behind = client.entries.findIndex(
      (entry) => entry.call === "event" && entry.data === "behind",
    );
    client.entries.splice(behind, 1);
    return client;
  }

  /** What must be true of every connection, whatever a case has done with it. */
  async settle(): Promise<void> {
    const connections = this.connections.splice(0);
    for (const connection of connections) {
      await connection.update(1);
      // What has settled by itself has to have let go by itself.
      if (!connection.settled) await connection.abort();
      await connection.end();
    }
    await expect.poll(() => this.liveStreams, { interval: 2 }).toBe(0);
    for (const connection of connections) {
      // The turn in which something late would come.
      await connection.update(1);
      const calls = connection.entries.map(({ call }) => call);
      const heard = connection.entries.filter((entry) => !isSettlement(entry));
      expect(
        heard.length === 0 || heard[0]!.call === "open",
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
