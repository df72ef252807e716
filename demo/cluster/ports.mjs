// @ts-check
import { createServer } from "node:net";

/**
 * Free ports, from a number upwards. They are outside the range that the system picks from: while a
 * node is down, any outgoing connection of this machine could take its port.
 *
 * @param {number} count
 * @param {number} from
 */
export async function freePorts(count, from) {
  /** @type {number[]} */
  const ports = [];
  for (let port = from; ports.length < count; port++) {
    if (port > 65_535) throw new Error(`There are no ${count} free ports from ${from} on.`);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
