// @ts-check
import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runCommand } from "../command.mjs";
import { startCluster } from "./cluster.mjs";
import { startFront } from "./front.mjs";
import { createOutages } from "./outages.mjs";
import { createPublisher } from "./publisher.mjs";

/**
 * Starts the page, the cluster, and the program that publishes ticks.
 *
 * @param {object} [options]
 * @param {number} [options.port] The page's port; 0 picks a free one.
 * @param {number} [options.firstPort] Where the search for the cluster's ports begins.
 * @param {number} [options.interval] Milliseconds from one tick to the next.
 * @param {(n: number, acknowledged: boolean) => void} [options.settled] Called with the result of
 *   each tick.
 */
export async function startClusterDemo({
  port = 8080,
  firstPort = 8081,
  interval = 200,
  settled,
} = {}) {
  const front = await startFront(port);
  try {
    const cluster = await startCluster({ origins: front.origins, firstPort });
    const publisher = createPublisher(cluster.nodes);
    front.serveNodes(cluster.nodes.map(({ url }) => url));
    const ticking = publisher.tick(interval, settled);
    return {
      address: front.address,
      cluster,
      outages: createOutages(cluster, publisher),

      /** Resolves when the result of every tick is known and no other tick will come. */
      async stopTicks() {
        publisher.close();
        await ticking;
      },

      async close() {
        publisher.close();
        await Promise.all([front.close(), cluster.close()]);
      },
    };
  } catch (error) {
    await front.close();
    throw error;
  }
}

/** Milliseconds from one kill to the next, and how long the node stays down. */
const EVERY = 6000;
const DOWN_FOR = 2000;

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await runCommand("npm run demo:cluster", run);

/** @param {number} port */
async function run(port) {
  let ending = false;
  try {
    let unanswered = 0;
    const demo = await startClusterDemo({
      port,
      settled: (_, acknowledged) => void (acknowledged || unanswered++),
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.once(signal, async () => {
        ending = true;
        await demo.close();
        process.exit();
      });
    }
    console.log(`The page is at ${demo.address} (Ctrl+C ends it)`);
    for (const { name, url } of demo.cluster.nodes) console.log(`Node ${name} streams at ${url}`);
    for (let kills = 0; ; await sleep(EVERY)) {
      const node = await demo.outages.killLeader(DOWN_FOR);
      if (node)
        console.log(
          `Kill ${++kills}: node ${node.name}, which held the stream. Ticks that it left unanswered so far: ${unanswered}`,
        );
    }
  } catch (error) {
    // Perhaps a node that was about to be started again.
    if (!ending) throw error;
  }
}
