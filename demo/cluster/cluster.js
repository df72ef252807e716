// @ts-check
import { showLog, showNodes, element } from "./view.js";
import { createTally } from "./tally.js";

/** @typedef {{ n: number, previous: number }} Tick */
/** @typedef {{ node: string, kills: number }} Outage */

/**
 * Connects, and shows the events.
 *
 * @param {typeof import("../../src/index.ts").ResilientEventSource} ResilientEventSource
 */
export async function start(ResilientEventSource) {
  const state = element("state");
  const response = await fetch("nodes.json");
  if (!response.ok) {
    state.textContent = "The cluster is not running: npm run demo:cluster starts it.";
    return;
  }
  const nodes = showNodes(await response.json());
  const log = showLog();
  const tally = createTally();

  // Pages begin at different nodes, so that each node has some.
  let turn = Math.floor(Math.random() * nodes.length);
  const current = () => /** @type {(typeof nodes)[number]} */ (nodes[turn % nodes.length]);

  const source = new ResilientEventSource(
    // Called for every attempt, which goes to the next node.
    () => {
      turn++;
      return current().url;
    },
    {
      events: {
        tick: /** @type {(text: string) => Tick} */ (JSON.parse),
        killed: /** @type {(text: string) => Outage} */ (JSON.parse),
        back: /** @type {(text: string) => Outage} */ (JSON.parse),
      },
      // nchan's name for the parameter.
      resume: { query: "last_event_id" },
      // Another node is ready at once, so the first retry need not wait long.
      backoff: { startingDelay: 500, maxDelay: 5000 },
      // For a node that hangs without dying: ticks are more frequent than this.
      heartbeatTimeout: 15_000,
    },
  );

  source.addEventListener("statechange", () => {
    const { name } = current();
    const { status } = source.state;
    for (const node of nodes) node.hold(status === "open" && node === current());
    if (status === "open") state.textContent = `Node ${name} holds the stream`;
    else if (status === "waiting") {
      current().lose();
      state.textContent = `Node ${name} is lost`;
    } else if (status === "connecting") state.textContent = `Connecting to node ${name}`;
    else state.textContent = status === "paused" ? "Paused" : "Closed";
  });
  source.addEventListener("open", () => log.note("open", `Connected to node ${current().name}`));
  source.addEventListener("error", ({ error }) =>
    log.note("error", `Node ${current().name}: ${error.message}`),
  );

  source.on("tick", (tick) => {
    tally.add(tick);
    log.tick(tick.n, current().name);
    for (const [name, count] of Object.entries(tally.counts)) showCount(name, count);
  });
  source.on("killed", ({ node, kills }) => {
    showCount("kills", kills);
    log.note("killed", `Node ${node} was killed`);
    nodes.find(({ name }) => name === node)?.setUp(false);
  });
  source.on("back", ({ node }) => {
    log.note("back", `Node ${node} is back`);
    nodes.find(({ name }) => name === node)?.setUp(true);
  });
}

/**
 * @param {string} name
 * @param {number} count
 */
function showCount(name, count) {
  const shown = element(name);
  shown.textContent = count.toLocaleString("en");
  if (shown.parentElement) shown.parentElement.dataset["count"] = count ? "some" : "none";
}
