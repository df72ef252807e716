// @ts-check
import { button, element, facts, find, setText } from "./dom.js";
import { drawDots } from "./dots.js";
import { createNews } from "./news.js";
import { createStormChart } from "./storm-chart.js";
import { NativeCrowd, ResilientCrowd } from "./storm-crowds.js";
import { StormServer } from "./storm-server.js";
import { animate } from "./theme.js";

/** @import { Refusal } from "./storm-server.js" */

const CLIENTS = 1000;
const PER_SECOND = 100;
/**
 * Milliseconds: the time before the outage, the outage, and the longest wait for the last client.
 */
const CALM = 600;
const DOWN = 4000;
const LIMIT = 60_000;

const people = (/** @type {number} */ count) => count.toLocaleString("en");

/** The storm: a thousand clients lose a server, by the browser's rule and by ours. */
export function createStorm() {
  const news = createNews(element("storm-news"));
  const start = button("storm-start");
  const chart = createStormChart(element("storm-chart"), PER_SECOND);
  const sides = /** @type {const} */ (["native", "resilient"]).map((name) => ({
    name,
    canvas: /** @type {HTMLCanvasElement} */ (element(`dots-${name}`)),
    fields: facts(find(`[data-storm=${name}]`), {
      connected: "Connected",
      peak: "Peak a second",
      recovered: "All back after",
      closed: "Gave up",
    }),
  }));
  /** @type {Run | undefined} */
  let run;
  let running = false;

  start.onclick = () => {
    if (running) end("Stopped.");
    else begin();
  };

  function begin() {
    run?.close();
    const refusal = /** @type {Refusal} */ (
      /** @type {HTMLInputElement} */ (find("[name=refusal]:checked")).value
    );
    run = new Run(refusal, end, (text) => news.answer(text));
    running = true;
    start.textContent = "Stop the storm";
  }

  /** @param {string} text */
  function end(text) {
    run?.close();
    running = false;
    start.textContent = "Start it again";
    news.answer(text);
  }

  const calm = Array.from({ length: CLIENTS }, () => /** @type {const} */ ("open"));
  animate(30, () => {
    for (const { name, canvas, fields } of sides) {
      const side = run?.sides[name];
      drawDots(canvas, side?.crowd.states ?? calm, side?.crowd.attemptedAt);
      if (!side) continue;
      setText(fields.connected, `${people(side.crowd.count("open"))} of ${people(CLIENTS)}`);
      setText(
        fields.peak,
        side.peak ? `${people(side.peak)}, ${(side.peak / PER_SECOND).toFixed(1)} × capacity` : "–",
      );
      setText(
        fields.recovered,
        side.recovered === undefined ? "–" : `${side.recovered.toFixed(1)} s`,
      );
      setText(fields.closed, people(side.crowd.count("closed")));
    }
    if (run && running) run.look();
    chart.draw(run && [run.sides.native.server.attempts, run.sides.resilient.server.attempts]);
  });
}

/** One storm, from the calm before it to the return of the last client. */
class Run {
  sides;
  #end;
  #say;
  /** @type {ReturnType<typeof setTimeout>[]} */
  #timers;
  /** @type {number | undefined} */
  #backSince;

  /**
   * @param {Refusal} refusal
   * @param {(text: string) => void} end
   * @param {(text: string) => void} say
   */
  constructor(refusal, end, say) {
    this.#end = end;
    this.#say = say;
    this.sides = {
      native: createSide(NativeCrowd, refusal),
      resilient: createSide(ResilientCrowd, refusal),
    };
    const both = Object.values(this.sides);
    this.#timers = [
      setTimeout(() => {
        for (const { server } of both) server.goDown();
        say(`The server is down: ${people(CLIENTS)} clients have lost it.`);
      }, CALM),
      setTimeout(() => {
        for (const { server } of both) server.comeBack();
        this.#backSince = performance.now();
        say(
          `The server is back and accepts ${PER_SECOND} connections a second, so it needs at least ${CLIENTS / PER_SECOND} s for all clients.`,
        );
      }, CALM + DOWN),
    ];
  }

  /** Records the changes since the last call. */
  look() {
    if (this.#backSince === undefined) return;
    const elapsed = performance.now() - this.#backSince;
    const { native, resilient } = this.sides;
    for (const side of [native, resilient]) {
      side.peak = Math.max(0, ...side.server.attempts.slice(DOWN / 1000));
      if (side.settled !== undefined) continue;
      const open = side.crowd.count("open");
      if (open === CLIENTS) side.recovered = elapsed / 1000;
      if (open + side.crowd.count("closed") < CLIENTS) continue;
      side.settled = elapsed;
      const other = side === resilient ? native : resilient;
      if (other.settled === undefined) this.#say(`${this.#tell(side)} ${this.#tell(other)}`);
    }
    if (elapsed > LIMIT || (native.settled !== undefined && resilient.settled !== undefined))
      this.#end(`${this.#tell(resilient)} ${this.#tell(native)}`);
  }

  /** @param {Side} side */
  #tell({ crowd, name, recovered }) {
    if (recovered !== undefined)
      return `${name}: all ${people(CLIENTS)} are back after ${recovered.toFixed(1)} s.`;
    const closed = crowd.count("closed");
    return `${name}: ${people(crowd.count("open"))} are back${closed ? `, and ${people(closed)} gave up for good` : " so far"}.`;
  }

  close() {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { crowd } of Object.values(this.sides)) crowd.close();
  }
}

/** @typedef {ReturnType<typeof createSide>} Side */

/**
 * @param {typeof NativeCrowd | typeof ResilientCrowd} Crowd
 * @param {Refusal} refusal
 */
function createSide(Crowd, refusal) {
  const server = new StormServer({ perSecond: PER_SECOND, refusal });
  return {
    name: Crowd === NativeCrowd ? "EventSource’s rule" : "ResilientEventSource",
    server,
    crowd: new Crowd(CLIENTS, server),
    /** The most attempts in a second after the server was back. */
    peak: 0,
    /** When all clients were back, in seconds. @type {number | undefined} */
    recovered: undefined,
    /** When no client tried any more, in milliseconds. @type {number | undefined} */
    settled: undefined,
  };
}
