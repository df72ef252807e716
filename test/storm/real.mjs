// npm run storm:real: 5,000 real sources of this library lose a server that is killed, and comes back taking 500 connections a second.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadLibrary } from "./library.mjs";

const { values } = parseArgs({
  options: { clients: { type: "string", default: "5000" }, "per-second": { type: "string", default: "500" } },
});
const clients = Number(values.clients);
const perSecond = Number(values["per-second"]);
const DOWN = 5000;
/** What the whole run may take, in milliseconds: a server that is never reached must not hang the command. */
const LIMIT = 180_000;

const { ResilientEventSource, fetchTransport } = await loadLibrary();

async function startServer(port, limit) {
  const child = fork(fileURLToPath(new URL("server.mjs", import.meta.url)), [port, limit].map(String));
  const [{ port: chosen }] = await once(child, "message");
  return { child, port: chosen };
}

let open = 0;
const waits = [];
const deadline = Date.now() + LIMIT;
const until = async (condition, what) => {
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${LIMIT} ms (${open} of ${clients} open)`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const before = await startServer(0, 0);
const sources = [];
for (let count = 0; count < clients; count++) {
  const source = new ResilientEventSource(`http://127.0.0.1:${before.port}/stream`, { transport: fetchTransport() });
  let was = false;
  source.addEventListener("statechange", () => {
    const is = source.state.status === "open";
    if (is !== was) open += is ? 1 : -1;
    was = is;
    if (source.state.status === "waiting") waits.push(source.state.delay);
  });
  sources.push(source);
  if (count % 200 === 199) await until(() => open > count - 200, "connecting");
}
await until(() => open === clients, "connecting");
console.log(`${clients} connections are open; the server is killed for ${DOWN / 1000} s and comes back taking ${perSecond} a second`);

before.child.kill("SIGKILL");
await until(() => open === 0, "losing the connections");
await new Promise((resolve) => setTimeout(resolve, DOWN));
const after = await startServer(before.port, perSecond);
const seconds = [];
after.child.on("message", (message) => seconds.push(message));
const returned = Date.now();
await until(() => open === clients, "coming back");
const took = (Date.now() - returned) / 1000;

const peak = Math.max(...seconds.map(({ attempts }) => attempts));
const distinct = new Set(waits).size;
console.log("\n| Second | Attempts | Accepted | Open |\n|--:|--:|--:|--:|");
seconds.forEach(({ attempts, accepted, open }, second) => console.log(`| ${second + 1} | ${attempts} | ${accepted} | ${open} |`));
console.log(`\nAll ${clients} are back after ${took.toFixed(1)} s (lower bound ${clients / perSecond} s).`);
console.log(
  `Peak: ${peak} attempts in a second, ${(peak / perSecond).toFixed(1)} × capacity. ${waits.length} waits, ${distinct} different ones.`,
);
for (const source of sources) source.close();
after.child.disconnect();
