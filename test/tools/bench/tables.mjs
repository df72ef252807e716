import { pairedSpeeds } from "./ratios.mjs";
import { cpuOf, median, medianInterval, speedups, timeOf } from "./statistics.mjs";
import { workloads } from "./workloads.mjs";

const NATIVE = "native";

/** The results as Markdown. */
export function tables({ userAgent, throughput, tasks, idle, memory, sizes }) {
  return [
    `Measured in ${userAgent.match(/(Chrom\w+|Firefox)\/[\d.]+/)?.[0]}, medians and ranges of ${throughput.small[NATIVE].length} rounds.`,
    "### Events per second, as a multiple of native EventSource",
    byContestant(throughput, (base, samples) => spread(speedups(base, samples, timeOf))),
    "### CPU per event, as a multiple of native EventSource",
    byContestant(throughput, (base, samples) => spread(speedups(samples, base, cpuOf))),
    "### Our speed as a multiple of theirs, round by round: median and its 95 % interval",
    table(
      ["", "median", "interval"],
      pairedSpeeds(throughput).map(([name, values]) => [
        name,
        median(values).toFixed(3),
        medianInterval(values)
          .map((bound) => bound.toFixed(3))
          .join("–"),
      ]),
    ),
    ...(tasks ? ["### How long a burst blocks the page (ms)", blocking(tasks)] : []),
    ...(memory ? ["### Memory, JavaScript and Blink (bytes)", remembering(idle, memory)] : []),
    "### Size, minified and gzipped (bytes)",
    table(["", "bytes"], Object.entries(sizes)),
  ].join("\n\n");
}

function byContestant(throughput, cell) {
  const kinds = Object.keys(throughput);
  const rows = Object.keys(throughput[kinds[0]]).map((name) => [
    name,
    ...kinds.map((kind) => cell(throughput[kind][NATIVE], throughput[kind][name])),
  ]);
  return table(["", ...kinds.map((kind) => workloads[kind].title)], rows);
}

const SCENES = { parse: "JSON.parse in the listener", busy: "100 µs listener" };

function blocking(tasks) {
  const rows = Object.entries(tasks).flatMap(([listener, blocked]) =>
    Object.entries(blocked).map(([name, rounds]) => [
      SCENES[listener],
      name,
      taskLength(Math.max(...rounds.map(({ longestTask }) => longestTask))),
      spread(rounds.map(({ longestGap }) => longestGap)),
      spread(speedups(blocked[NATIVE], rounds, timeOf)),
    ]),
  );
  return table(["", "", "longest task", "longest gap between timers", "speed, native = 1"], rows);
}

/** Chromium reports tasks from 50 ms on. */
const taskLength = (ms) => (ms ? ms.toFixed() : "under 50");

function remembering(idle, { events, reconnect }) {
  const rows = Object.keys(idle).map((name) => [
    name,
    ...[idle[name], events[name], reconnect[name]].map((bytes) => bytes?.toFixed() ?? ""),
  ]);
  return table(["", "idle connection", "grown by 1,000,000 events", "grown per reconnect"], rows);
}

function spread(values) {
  const digits = (value) => (Number.isNaN(value) ? "–" : value.toFixed(value < 10 ? 2 : 1));
  return `${digits(median(values))} (${digits(Math.min(...values))}–${digits(Math.max(...values))})`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [
    line(head),
    line(head.map((_, column) => (column ? "---:" : "---"))),
    ...rows.map(line),
  ].join("\n");
}
