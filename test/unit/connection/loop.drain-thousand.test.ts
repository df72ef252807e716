import { expect, test } from "vitest";
import { chiSquare, CRITICAL } from "../../support/spread.ts";
import { FakeServer, type Connection } from "../../support/unit/server.ts";
import { connect, seedRandom, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

const SOURCES = 1000;
const WITHIN = 5000;

/**
 * Two servers with one log: event number 7 has the id "7", and each sends what came after an id.
 */
class Cluster {
  readonly old = new FakeServer();
  readonly successor = new FakeServer();
  isOldInRotation = true;
  private last = 0;

  constructor() {
    for (const server of [this.old, this.successor])
      server.behaviour = (connection) => {
        connection.open();
        const { lastEventId } = connection.request;
        for (let id = Number(lastEventId || this.last) + 1; id <= this.last; id++)
          this.send(connection, id);
      };
  }

  readonly transport: FakeServer["transport"] = (request, sink) =>
    (this.isOldInRotation ? this.old : this.successor).transport(request, sink);

  publish(): void {
    this.last++;
    for (const connection of [...this.old.live, ...this.successor.live])
      this.send(connection, this.last);
  }

  private send(connection: Connection, id: number): void {
    connection.send(String(id), { id: String(id) });
  }
}

/**
 * Drains a thousand sources, while so many events are published in even intervals; returns the
 * chi-square statistic of the moments at which the sources move.
 */
async function drain(seed: number, events: number): Promise<number> {
  const cluster = new Cluster();
  const got = Array.from({ length: SOURCES }, () => [] as number[]);
  const sources = got.map((events) => {
    const { source } = connect({ transport: cluster.transport });
    source.on("message", (data) => events.push(Number(data)));
    return source;
  });
  await tick();
  cluster.publish();
  expect(cluster.old.live).toHaveLength(SOURCES);

  cluster.isOldInRotation = false;
  seedRandom(seed);
  const start = performance.now();
  for (const source of sources) source.reconnect({ within: WITHIN });
  for (let event = 0; event < events; event++) {
    await tick(WITHIN / events);
    expect(cluster.old.live.length + cluster.successor.live.length).toBe(SOURCES);
    cluster.publish();
  }
  // The old server can go: nobody is left.
  expect(cluster.old.live).toHaveLength(0);
  expect(cluster.successor.connections).toHaveLength(SOURCES);

  const all = Array.from({ length: 1 + events }, (_, index) => index + 1).join();
  expect(got.filter((events) => events.join() !== all)).toEqual([]);
  for (const source of sources) source.close();

  return chiSquare(
    cluster.successor.connections.map(({ at }) => at - start),
    WITHIN,
  );
}

test(
  "a thousand sources move evenly, each event arrives once, and the old server is left alone before it goes",
  { tags: "slow", timeout: 600_000 },
  async () => {
    const statistics: number[] = [];
    for (let seed = 1; seed <= 20; seed++) statistics.push(await drain(seed, seed === 1 ? 50 : 1));
    // Of twenty even spreads, one is expected below p = 0.05; more than three are unlikely.
    expect(statistics.filter((value) => value > CRITICAL["p = 0.05"]).length).toBeLessThanOrEqual(
      3,
    );
  },
);
