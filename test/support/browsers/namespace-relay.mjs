// @ts-check
// Runs in a network namespace of its own (see namespace.ts): `namespace-relay.mjs SOCKET`. Forwards
// what comes to a port, on loopback and on an address of a LAN, to a Unix socket, which crosses the
// border of the namespace. A message `{ online }` adds or removes an interface.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { joinSockets, LAN_ADDRESS } from "./namespace-border.mjs";

const [, , path = ""] = process.argv;
let port = 0;
const ip = (/** @type {string} */ command) => execFileSync("ip", command.split(" "));

ip("link set lo up");
// Another host, as far as a browser can tell. Only loopback has it, so the system is offline.
ip(`address add ${LAN_ADDRESS}/32 dev lo`);

for (const host of ["127.0.0.1", LAN_ADDRESS]) {
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    joinSockets(inner, connect({ path, allowHalfOpen: true }));
  }).listen(port, host);
  await once(server, "listening");
  ({ port } = /** @type {import("node:net").AddressInfo} */ (server.address()));
}

process.on("message", (/** @type {{ online: boolean }} */ { online }) => {
  if (online) {
    ip("link add eth0 type veth peer name eth1");
    ip("link set eth1 up");
    ip("address add 192.0.2.1/24 dev eth0");
    ip("link set eth0 up");
  } else ip("link delete eth0");
  process.send?.("done");
});
process.on("disconnect", () => process.exit());
process.send?.({ port });
