// @ts-check
import { setTimeout as sleep } from "node:timers/promises";
/** @import { Cluster } from "./cluster.mjs" */
/** @import { Publisher } from "./publisher.mjs" */

/**
 * Kills nodes: always the one that serves the stream, and never before the other one is back.
 *
 * @param {Cluster} cluster
 * @param {Publisher} publisher Tells the pages.
 */
export function createOutages(cluster, publisher) {
  let kills = 0;

  return {
    /**
     * Kills the node that serves the stream, and starts it again. Does nothing if no page listens.
     *
     * @param {number} downFor How long it stays down (ms).
     * @returns The node that was killed.
     */
    async killLeader(downFor) {
      const node = await cluster.leader();
      if (!node) return undefined;
      await node.kill();
      kills++;
      void publisher.publish("killed", { node: node.name, kills });
      await sleep(downFor);
      await node.start();
      void publisher.publish("back", { node: node.name, kills });
      return node;
    },
  };
}
