// @ts-check
import { existsSync, realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startCluster } from "./cluster.mjs";
import { startFront } from "./front.mjs";
import { createOutages } from "./outages.mjs";
import { MissingPrograms } from "./programs.mjs";
import { createPublisher } from "./publisher.mjs";

/**
 * Starts the page, the cluster, and the program that publishes ticks.
 *
 * @param {object} [options]
 * @param {number} [options.port] Of the page; 0 picks a free one.
 * @param {number} [options.firstPort] Those of the cluster are looked for from here on.
 * @param {number} [options.interval] Milliseconds from one tick to the next.
 * @param {(n: number, acknowledged: boolean) => void} [options.settled] Is told what became of each tick.
 */
export async function startClusterDemo({ port = 8080, firstPort = 8081, interval = 200, settled } = {}) {
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

      /** Resolves when every tick is settled; no other will come. */
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

/** Milliseconds from one kill to the next, and how long the node stays away. */
const EVERY = 6000;
const DOWN_FOR = 2000;

async function main() {
  const { PORT } = process.env;
  const port = PORT ? Number(PORT) : 8080;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    fail(`PORT must be a number from 0 to 65535, got ${JSON.stringify(PORT)}.`);
    return;
  }
  if (!existsSync(new URL("../../dist/index.js", import.meta.url))) {
    fail("The library is not built yet: run npm run demo:cluster, which builds it first.");
    return;
  }
  let ending = false;
  try {
    let unanswered = 0;
    const demo = await startClusterDemo({ port, settled: (_, acknowledged) => void (acknowledged || unanswered++) });
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
      const node = await demo.outages.killHolder(DOWN_FOR);
      if (node)
        console.log(`Kill ${++kills}: node ${node.name}, which held the stream. Ticks that it left unanswered so far: ${unanswered}`);
    }
  } catch (error) {
    // A node that was to be started again, perhaps.
    if (ending) return;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (error instanceof MissingPrograms) fail(error.message);
    else if (code === "EADDRINUSE") fail(`Port ${port} is in use. Choose another one, for example: PORT=${port + 1} npm run demo:cluster`);
    else throw error;
  }
}

/** @param {string} sentence */
function fail(sentence) {
  console.error(sentence);
  process.exitCode = 1;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
