// @ts-check
import { createServer } from "node:net";

/**
 * Ports that nobody listens on, counted up from one. Not such as the system picks: while a node is down, its port could then become that of any
 * connection that leaves this machine.
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
