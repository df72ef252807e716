// @ts-check
// Code for both sides of a namespace: namespace.ts outside, namespace-relay.mjs inside.
/** @import { Socket } from "node:net" */

/** The address of the server in the namespace that is not of loopback. */
export const LAN_ADDRESS = "10.9.8.7";

/**
 * Forwards two sockets to each other until one of them ends or fails.
 *
 * @param {Socket} one
 * @param {Socket} other
 */
export function joinSockets(one, other) {
  forward(one, other);
  forward(other, one);
}

/**
 * @param {Socket} from
 * @param {Socket} to
 */
function forward(from, to) {
  from.pipe(to);
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroy());
}
