// npm run storm:real: 5,000 real sources of this library lose a server that is killed, and that
// comes back with 500 connections a second.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openFiles } from "../../support/open-files.mjs";
import { loadLibrary } from "./library.mjs";
import { ours } from "./policies.mjs";
import { peak, simulate, timeTo } from "./simulate.mjs";

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "5000" },
    "per-second": { type: "string", default: "500" },
  },
});
const clients = Number(values.clients);
const perSecond = Number(values["per-second"]);
const DOWN = 5000;
/** Retry-After of a 503, in milliseconds. */
const RETRY_AFTER = 5000;
/** The time limit of the whole run, in milliseconds, in case the server cannot be reached. */
const LIMIT = 180_000;

const needed = clients + 200;
const limit = openFiles();
if (limit < needed) {
  console.error(
    `${clients} connections need ${needed} open files, and this shell allows ${limit}: run "ulimit -n ${needed}" first.`,
  );
  process.exit(1);
}

const library = await loadLibrary();
const deadline = Date.now() + LIMIT;
let open = 0;
const waits = [];

let server = await startServer(0, 0);
const { port } = server;
const sources = [];
for (let count = 1; count <= clients; count++) {
  sources.push(connect(`http://127.0.0.1:${port}/stream`));
  // In portions: only the return should be a storm, not the start.
  if (count % 200 === 0) await until(() => open > count - 200, "connecting");
}
await until(() => open === clients, "connecting");
console.log(
  `${clients} connections are open; the server is killed for ${DOWN / 1000} s and comes back taking ${perSecond} a second.`,
);

server.child.kill("SIGKILL");
const killed = performance.now();
await until(() => open === 0, "losing the connections");
await sleep(DOWN - (performance.now() - killed));
server = await startServer(port, perSecond);
const returned = performance.now();
const down = (returned - killed) / 1000;
await until(() => open === clients, "coming back");
const took = (performance.now() - returned) / 1000;
server.child.send("report");
const [seconds] = await once(server.child, "message");

console.log("\n| Second | Attempts | Accepted |\n|--:|--:|--:|");
seconds.forEach(({ attempts, accepted }, second) =>
  console.log(`| ${second + 1} | ${attempts} | ${accepted} |`),
);
const simulated = simulate({
  clients,
  down,
  perSecond,
  refusal: "503",
  roundTrip: [0, 20],
  policy: ours(library, "ours", { retryAfter: RETRY_AFTER }),
});
const most = Math.max(...seconds.map(({ attempts }) => attempts));
let back = 0;
const almost = seconds.findIndex(({ accepted }) => (back += accepted) >= clients * 0.99) + 1;
const times = (count) =>
  `${count} attempts in a second (${(count / perSecond).toFixed(1)} × capacity)`;
console.log(
  `\nDown for ${down.toFixed(1)} s. 99 % are back within ${almost} s, all ${clients} after ${took.toFixed(1)} s; the lower bound is ${clients / perSecond} s.`,
);
console.log(`Peak: ${times(most)}. ${waits.length} waits, ${new Set(waits).size} different ones.`);
const [simulatedAlmost, simulatedAll] = [0.99, 1].map((share) =>
  timeTo(share, simulated, down).toFixed(1),
);
console.log(
  `The simulation of the same: 99 % after ${simulatedAlmost} s, all after ${simulatedAll} s, peak ${times(peak(simulated, down))}.`,
);
for (const source of sources) source.close();
server.child.disconnect();

function connect(url) {
  const source = new library.ResilientEventSource(url, { transport: library.fetchTransport() });
  let was = false;
  source.addEventListener("statechange", () => {
    const is = source.state.status === "open";
    if (is !== was) open += is ? 1 : -1;
    was = is;
    if (source.state.status === "waiting") waits.push(source.state.delay);
  });
  return source;
}

async function startServer(port, limit) {
  const child = fork(
    fileURLToPath(new URL("server.mjs", import.meta.url)),
    [port, limit, RETRY_AFTER / 1000].map(String),
  );
  child.once("exit", (code) => {
    if (code) throw new Error(`the server ended with code ${code}`);
  });
  const [{ port: chosen }] = await once(child, "message");
  return { child, port: chosen };
}

async function until(condition, what) {
  while (!condition()) {
    if (Date.now() > deadline)
      throw new Error(`${what}: not within ${LIMIT / 1000} s (${open} of ${clients} open)`);
    await sleep(20);
  }
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
