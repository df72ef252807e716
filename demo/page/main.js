// @ts-check
import { showHeader } from "../header.js";
import { createNative, createResilient, STABLE_AFTER } from "./clients.js";
import { button, element, setText } from "./dom.js";
import { createBreaker, faults } from "./faults.js";
import { createNews } from "./news.js";
import { createPanel, describeNative, describeState } from "./panels.js";
import { createResults } from "./results.js";
import { createStorm } from "./storm.js";
import { animate } from "./theme.js";
import { createTimeline } from "./timeline.js";
import { Track } from "./track.js";
import { verdict } from "./verdict.js";

showHeader(element("top"));

const news = createNews(element("news"));
const results = createResults(/** @type {HTMLTableElement} */ (element("results")));
const native = createNative();
const resilient = createResilient((tick) => {
  setText(element("connections-native"), String(tick.native));
  setText(element("connections-resilient"), String(tick.resilient));
});
const tracks = { native: native.track, resilient: resilient.track };
const server = new Track();
server.enter("open");

const panels = {
  native: createPanel("native", tracks.native, describeNative),
  resilient: createPanel("resilient", tracks.resilient, () => describeState(resilient.state)),
};
const timeline = createTimeline(
  element("timeline"),
  [
    { title: "Server", track: server, words: { open: "answers" } },
    {
      title: "EventSource",
      track: tracks.native,
      words: { connecting: "reconnecting", closed: "gave up" },
    },
    { title: "ResilientEventSource", track: tracks.resilient, words: { closed: "gave up" } },
  ],
  tracks,
);

const isWell = (/** @type {Track} */ track) => track.isBack && track.age > STABLE_AFTER;
/** The clients that have been asked to come back for the next fault. @type {Set<Track>} */
const recovering = new Set();
let isTried = false;
/** True while a fault that lasts goes on; its sentence stands until it ends. */
let isLasting = false;
/** True if the server has asked its clients to stay away. */
let isFinal = false;
let told = "";

const breaker = createBreaker({
  pressed() {
    isTried = false;
    told = "-";
  },
  recover() {
    const all = /** @type {const} */ ([
      [tracks.native, native.restart],
      [tracks.resilient, resilient.reconnect],
    ]);
    for (const [track, comeBack] of all) {
      if (isWell(track)) recovering.delete(track);
      else if (!recovering.has(track)) {
        recovering.add(track);
        comeBack();
      }
    }
    return recovering.size === 0;
  },
  begun(name, fault) {
    for (const track of Object.values(tracks)) track.begin();
    if (fault.lasts) server.enter("waiting", { word: fault.word });
    else server.fail("");
    results.begin(name, fault.label);
    isTried = true;
    isLasting = fault.lasts;
    isFinal = fault.control === "gone";
    told = "";
    mark(fault.lasts ? name : undefined);
    news.answer(fault.news);
  },
  ended(fault) {
    server.enter("open");
    isLasting = false;
    mark(undefined);
    news.answer(fault.over ?? "The server answers again.");
  },
  say: news.answer,
});

const chips = Object.entries(faults).map(([name, { label }]) => {
  const chip = document.createElement("button");
  chip.type = "button";
  chip.textContent = label;
  chip.dataset.fault = name;
  chip.onclick = () => void breaker.press(name);
  return chip;
});
element("faults").append(...chips);

/**
 * Marks the current fault.
 *
 * @param {string | undefined} name
 */
function mark(name) {
  for (const chip of chips) chip.toggleAttribute("data-lasts", chip.dataset.fault === name);
}

button("native-restart").onclick = native.restart;
button("resilient-reconnect").onclick = resilient.reconnect;

const share = /** @type {HTMLInputElement} */ (element("share"));
share.onchange = () => resilient.share(share.checked);

/** @param {"leader" | "follower" | undefined} role */
function describeRole(role) {
  if (role === "leader") return "holds the connection";
  return role === "follower"
    ? "follows: it has no connection of its own"
    : "has a connection of its own";
}

/** Where this tab has no connection. */
const noRole = {
  connecting: "is connecting",
  waiting: "is connecting",
  paused: "is paused",
  closed: "has no connection",
};

function show() {
  const newest = Math.max(tracks.native.newestId, tracks.resilient.newestId);
  // While neither client receives anything, the page does not know the stream's position.
  const isKnown = !tracks.native.isSilent || !tracks.resilient.isSilent;
  const behindOf = (/** @type {Track} */ track) => (isKnown ? newest - track.newestId : undefined);
  const behind = { native: behindOf(tracks.native), resilient: behindOf(tracks.resilient) };
  panels.native.show(behind.native);
  panels.resilient.show(behind.resilient);
  const { state } = resilient;
  setText(
    element("role"),
    state.status === "open" ? describeRole(state.role) : noRole[state.status],
  );
  if (!isTried) {
    if (tracks.native.isBack && tracks.resilient.isBack && !told)
      news.add((told = "Both are connected. Now press something."));
    return;
  }
  const verdicts = [
    verdict(tracks.native, behind.native, isFinal),
    verdict(tracks.resilient, behind.resilient, isFinal),
  ];
  results.show(verdicts);
  if (isLasting || verdicts.some(({ tone }) => tone === "busy")) return;
  const [first, second] = verdicts.map(({ text, headline = text }) => lower(headline));
  const sentence = `EventSource: ${first}\nResilientEventSource: ${second}`;
  if (sentence !== told) news.add((told = sentence));
}

/** @param {string | undefined} text */
function lower(text = "") {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

setInterval(show, 200);
show();
animate(20, timeline.draw);
createStorm();
