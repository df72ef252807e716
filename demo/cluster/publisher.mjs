// @ts-check
import { setTimeout as sleep } from "node:timers/promises";
/** @import { Node } from "./node.mjs" */

/**
 * The program that publishes the events, to all nodes in turn and one at a time, so that they have
 * an order.
 *
 * @param {readonly Node[]} nodes
 */
export function createPublisher(nodes) {
  let turn = 0;
  let closed = false;

  /**
   * Publishes an event. If it could not be sent at all, the next node gets it. If it was not
   * answered it must not be sent again: it would come twice if the node had published it after all.
   *
   * @param {string} type
   * @param {object} content
   * @returns {Promise<boolean>} Whether it is acknowledged.
   */
  async function publish(type, content) {
    const data = JSON.stringify(content);
    while (!closed) {
      const up = nodes.filter((node) => node.up);
      const outcome = await up[turn++ % up.length]?.publish(type, data);
      if (outcome === "acknowledged") return true;
      if (outcome === "unanswered") return false;
      await sleep(20);
    }
    return false;
  }

  return {
    publish,

    /**
     * Publishes numbered ticks until it is closed. Each tick names the last acknowledged one before
     * it: a page without that one has lost it.
     *
     * @param {number} interval Milliseconds from one tick to the next.
     * @param {(n: number, acknowledged: boolean) => void} [settled] Called with the result of each.
     */
    async tick(interval, settled) {
      let previous = 0;
      for (let n = 1; !closed; n++) {
        const acknowledged = await publish("tick", { n, previous });
        if (acknowledged) previous = n;
        settled?.(n, acknowledged);
        await sleep(interval);
      }
    },

    close() {
      closed = true;
    },
  };
}

/** @typedef {ReturnType<typeof createPublisher>} Publisher */
