// @ts-check
import { showHeader } from "../header.js";
import { button, element, find } from "../page/dom.js";
import { Card } from "./card.js";
import { explain, readers } from "./readers.js";

/** How often the server is asked for its counts, in milliseconds. */
const POLL = 250;

const listing = new Intl.ListFormat("en");
/** The readers as a sentence names them. @type {Record<string, string>} */
const titles = {
  plain: "fetch with a parser",
  package: "fetch-event-source",
  ours: "ResilientEventSource",
};

showHeader(element("top"));
const cards = Object.keys(readers).map(
  (name) => /** @type {const} */ ([name, new Card(find(`[data-reader=${name}]`))]),
);
const prompt = /** @type {HTMLInputElement} */ (element("prompt"));
const pace = /** @type {HTMLInputElement} */ (element("pace"));
const resumes = /** @type {HTMLInputElement} */ (element("resumes"));
let run = "";
let wasCut = false;
let asking = new AbortController();

pace.addEventListener("input", () => (element("pace-text").textContent = pace.value));
element("question").addEventListener("submit", (event) => {
  event.preventDefault();
  void ask(false);
});
button("refuse").addEventListener("click", () => {
  if (prompt.reportValidity()) void ask(true);
});
button("cut").addEventListener("click", () => {
  wasCut = true;
  void fetch(`ask/${run}/cut`, { method: "POST" });
});

/** @param {boolean} refuse */
async function ask(refuse) {
  asking.abort();
  const { signal } = (asking = new AbortController());
  run = `${Date.now()}-${Math.floor(Math.random() * 1e9)}`;
  wasCut = false;
  button("cut").disabled = false;
  tell(refuse ? "Asked; the server refuses each reader’s first request." : "Asked.");
  const body = JSON.stringify({ prompt: prompt.value, pace: Number(pace.value), refuse });
  const headers = { "Content-Type": "application/json" };
  const reading = cards.map(async ([name, card]) => {
    card.clear();
    try {
      await readers[name]?.({
        url: `ask/${run}/${name}`,
        init: { method: "POST", headers, body },
        resumes: resumes.checked,
        signal,
        hear: (token) => card.hear(token),
        wait: (text) => card.set("waiting", text),
      });
      if (!signal.aborted) card.set("done");
    } catch (error) {
      if (!signal.aborted) card.set("failed", explain(error));
    }
  });
  void poll(signal);
  await Promise.all(reading);
  if (signal.aborted) return;
  await count();
  asking.abort();
  button("cut").disabled = true;
  tell(summary());
}

/**
 * Fetches the counts until the readers are done.
 *
 * @param {AbortSignal} signal
 */
async function poll(signal) {
  while (!signal.aborted) {
    await count().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

async function count() {
  const asked = run;
  const counts = await (await fetch(`ask/${asked}`)).json();
  if (asked === run) for (const [name, card] of cards) card.requests = counts[name];
}

function summary() {
  const sentences = cards.map(([name, card]) => {
    const { posts, gets } = card.requests;
    const found = [
      posts > 1 ? `asked ${posts} times` : "asked once",
      ...(posts === 1 && gets ? ["resumed by GET"] : []),
      ...(card.lost ? [`lost ${card.lost} words`] : []),
      ...(card.doubled ? [`shows ${card.doubled} words twice`] : []),
      ...(card.isEmpty ? ["got no answer"] : []),
      ...(card.status === "done" && !card.lost && !card.doubled ? ["has every word once"] : []),
    ];
    return `${titles[name]} ${listing.format(found)}.`;
  });
  return [wasCut ? "Cut." : "", ...sentences].join(" ").trim();
}

/** @param {string} text */
function tell(text) {
  element("news").textContent = text;
}

function draw() {
  for (const [, card] of cards) card.draw();
  requestAnimationFrame(draw);
}
draw();
