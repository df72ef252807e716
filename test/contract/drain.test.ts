import { afterEach, expect, test, vi } from "vitest";
import { ResilientEventSource, fetchTransport } from "../../src/index.ts";
import { openFiles } from "../support/open-files.mjs";
import { seeded } from "../support/seeded.mjs";
import {
  FaultServer,
  type FaultConnection,
  type Scenario,
} from "../support/server/fault-server.ts";
import { chiSquare, CRITICAL } from "../support/spread.ts";

const SOURCES = 1000;
/** How long the drain takes (ms): five times as long as all sources need at once, but at least this. */
const WITHIN = 5000;
/** How many events are sent meanwhile. */
const EVENTS = 20;
/** Both ends of a connection are in this process. */
const OPEN_FILES = 2 * SOURCES + 200;

const servers: FaultServer[] = [];
const sources: ResilientEventSource[] = [];
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
  for (const server of servers.splice(0)) server.close();
});

/** Servers with one log: event number 7 has the id "7", and each sends what came after an id. */
class Log {
  last = 0;
  private readonly streams = new Set<FaultConnection>();

  /** A server of this log. `streams` are its own; `arrivals` tells when its requests came. */
  join(): { scenario: Scenario; streams: Set<FaultConnection>; arrivals: number[] } {
    const streams = new Set<FaultConnection>();
    const arrivals: number[] = [];
    const scenario: Scenario = ({ headers, query }, connection) => {
      arrivals.push(performance.now());
      streams.add(connection);
      this.streams.add(connection);
      void connection.closed.then(() => {
        streams.delete(connection);
        this.streams.delete(connection);
      });
      const asked = headers.get("last-event-id") ?? new URLSearchParams(query).get("lastEventId");
      connection.head().write(":\n\n");
      for (let id = Number(asked ?? this.last) + 1; id <= this.last; id++)
        connection.write(this.event(id));
    };
    return { scenario, streams, arrivals };
  }

  publish(): void {
    this.last++;
    for (const stream of this.streams) stream.write(this.event(this.last));
  }

  private event(id: number): string {
    return `id: ${id}\ndata: ${id}\n\n`;
  }
}

const until = (condition: () => boolean): Promise<unknown> =>
  expect.poll(condition, { interval: 20 }).toBe(true);

// The unit test has twenty seeds, over fakes. This is one of them, over a thousand sockets.
test(
  "a thousand sources leave a server one by one over real sockets, before it goes",
  { tags: "slow", timeout: 240_000 },
  async ({ skip }) => {
    const allowed = openFiles();
    skip(allowed < OPEN_FILES, `needs ${OPEN_FILES} open files; "ulimit -n" allows ${allowed}`);

    const server = await FaultServer.start();
    servers.push(server);
    const log = new Log();
    const old = log.join();
    server.serve("/stream", old.scenario);
    const opening = performance.now();
    const got = Array.from({ length: SOURCES }, () => [] as number[]);
    for (const [index, events] of got.entries()) {
      const source = new ResilientEventSource(`${server.origin}/stream`, {
        transport: fetchTransport(),
      });
      source.on("message", (data) => events.push(Number(data)));
      sources.push(source);
      // In portions: this is not the storm.
      if (index % 100 === 99) await until(() => old.streams.size === index + 1);
    }
    const within = Math.max(WITHIN, 5 * (performance.now() - opening));
    log.publish();
    await until(() => got.every((events) => events.length === 1));

    // Out of rotation: the successor takes new connections, the open ones stay.
    const successor = log.join();
    server.stopListening();
    server.serve("/stream", successor.scenario);
    await server.listen();

    // Announced.
    const random = vi.spyOn(Math, "random").mockImplementation(seeded(1));
    const start = performance.now();
    for (const source of sources) source.reconnect({ within });
    random.mockRestore();
    const publishing = setInterval(() => log.publish(), within / EVENTS);
    await until(() => old.streams.size === 0);
    const empty = performance.now() - start;
    clearInterval(publishing);

    // It can go: nobody is left, nobody was cut, and nobody came twice.
    await until(() => successor.streams.size === SOURCES);
    expect([old.arrivals.length, successor.arrivals.length]).toEqual([SOURCES, SOURCES]);
    log.publish();
    await until(() => got.every((events) => events.at(-1) === log.last));
    const all = Array.from({ length: log.last }, (_, index) => index + 1).join();
    expect(got.filter((events) => events.join() !== all)).toEqual([]);

    expect(empty).toBeGreaterThan(within * 0.99);
    const moments = successor.arrivals.map((at) => at - start);
    // The draws are seeded. The arrivals also contain the stalls of this process, which has both
    // ends of a thousand connections: a stall of 300 ms adds up to 100 to the statistic. Sources
    // that leave within half of the time add 1,000.
    expect(chiSquare(moments, within)).toBeLessThan(10 * CRITICAL["p = 0.001"]);
  },
);
