import { readFileSync, writeFileSync } from "node:fs";
import { cpuOf, median, speedups, timeOf } from "./statistics.mjs";

const file = new URL("ratios.json", import.meta.url);

/**
 * How much worse than the committed one a ratio may be. On a busy machine, medians of CPU differ by
 * up to a quarter between runs and those of time by far more, so time counts only where CPU cannot
 * be read. The longest task is a single worst moment, which another process can stretch. Memory
 * hardly varies.
 */
const MARGINS = { cpu: 0.35, speed: 0.5, tasks: 0.75, memory: 0.2 };

/**
 * [ours, the reference]: pairs that show a regression of our code rather than of the browser or the
 * machine.
 */
const PAIRS = [
  ["ours, fetch, on()", "bare fetch + eventsource-parser"],
  ["ours, fetch, on()", "eventsource-client"],
  ["ours, fetch, on()", "native"],
  ["ours, fetch, addEventListener()", "native"],
  ["ours, native, on()", "native"],
  ["ours, native, addEventListener()", "native"],
];

/** The close pairs, and the measure for each. */
export const CLOSE = [
  "native",
  "ours, native, on()",
  "ours, fetch, on()",
  "bare fetch + eventsource-parser",
  "eventsource-client",
];

/** Every figure that we are judged by, as a ratio that is better the larger it is. */
export function ratiosOf({ throughput, tasks = {}, idle }) {
  const ratios = {};
  const add = (group, name, ratio) => {
    if (!Number.isNaN(ratio)) (ratios[group] ??= {})[name] = Number(ratio.toFixed(3));
  };
  for (const [name, own, other] of measuredPairs(throughput)) {
    const ratio = (of) => median(other.map(of)) / median(own.map(of));
    add("speed", name, ratio(timeOf));
    add("cpu", name, ratio(cpuOf));
  }
  for (const [listener, blocked] of Object.entries(tasks)) {
    const gap = (name) => median(blocked[name].map(({ longestGap }) => longestGap));
    add(
      "tasks",
      `${listener}: native / ours, fetch, on()`,
      gap("native") / gap("ours, fetch, on()"),
    );
  }
  for (const [own, other] of idle ? [PAIRS[0], PAIRS[4]] : [])
    add("memory", `idle: ${other} / ${own}`, idle[other] / idle[own]);
  return ratios;
}

/** Our speed as a multiple of theirs in each round, by workload and pair. */
export function pairedSpeeds(throughput) {
  return measuredPairs(throughput).map(([name, own, other]) => [
    name,
    speedups(other, own, timeOf),
  ]);
}

/** For each workload and pair that was measured: a name, our bursts and theirs. */
function measuredPairs(throughput) {
  return Object.entries(throughput).flatMap(([workload, bursts]) =>
    PAIRS.filter(([own]) => bursts[own]).map(([own, other]) => [
      `${workload}: ${own} / ${other}`,
      bursts[own],
      bursts[other],
    ]),
  );
}

/**
 * The ratios that are worse than the committed ones by more than the margin, as lines to print.
 *
 * @param isPart True if only a part was measured, so that a missing ratio is not a worse one.
 */
export function regressions(ratios, isPart) {
  const committed = read();
  delete committed[ratios.cpu ? "speed" : "cpu"];
  return Object.entries(committed).flatMap(([group, values]) =>
    Object.entries(values)
      .filter(([name]) => !isPart || name in (ratios[group] ?? {}))
      .filter(([name, ratio]) => !(ratios[group]?.[name] >= ratio * (1 - MARGINS[group])))
      .map(
        ([name, ratio]) =>
          `- ${group}: ${name}: ${ratios[group]?.[name]}, was ${ratio}, margin ${MARGINS[group] * 100} %`,
      ),
  );
}

/** Replaces the committed ratios, or those that were measured. */
export function writeRatios(ratios, isPart) {
  const all = isPart ? read() : {};
  for (const [group, values] of Object.entries(ratios)) all[group] = { ...all[group], ...values };
  writeFileSync(file, JSON.stringify(all, null, 2) + "\n");
}

function read() {
  return JSON.parse(readFileSync(file, "utf8"));
}
