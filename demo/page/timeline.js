// @ts-check
import uPlot from "uplot";
import { drawLanes, LANE_HEIGHT } from "./lanes.js";
import { axis, keepWidth, line } from "./plot.js";

/** @import { Lane } from "./lanes.js" */
/** @import { Track } from "./track.js" */

/** How many seconds are shown: of the past, and of the future, where waits end. */
const PAST = 60;
const FUTURE = 8;

/** The height of the events per second, in pixels. */
const RATES = 100;

/**
 * Draws the last minute: a lane for the server and for each client, and the events per second
 * below.
 *
 * @param {HTMLElement} host
 * @param {Lane[]} lanes
 * @param {{ native: Track, resilient: Track }} tracks
 */
export function createTimeline(host, lanes, tracks) {
  const now = () => Date.now() / 1000;
  const lanesHeight = lanes.length * LANE_HEIGHT;
  const plot = new uPlot(
    {
      width: host.clientWidth,
      height: lanesHeight + RATES + 40,
      padding: [lanesHeight + 26, 8, 0, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: false, range: () => [now() - PAST, now() + FUTURE] },
        y: { range: (_plot, _min, max) => [0, Math.max(8, Math.ceil((max || 0) / 4) * 4)] },
      },
      axes: [
        {
          ...axis,
          splits: () => [-60, -45, -30, -15, 0].map((ago) => now() + ago),
          values: () => ["60 s ago", "45", "30", "15", "now"],
        },
        // The top and the middle: uPlot’s own choice leaves out both where the top is just below a step.
        { ...axis, size: 34, splits: (_plot, _index, _min, max) => [0, max / 2, max] },
      ],
      series: [{}, line("native", [6, 4]), line("resilient")],
      hooks: { draw: [(plot) => drawLanes(plot, lanes)] },
    },
    rates(tracks),
    host,
  );
  keepWidth(plot, host);

  return { draw: () => plot.setData(rates(tracks)) };
}

/**
 * Events per second, for each whole second.
 *
 * @param {{ native: Track, resilient: Track }} tracks
 * @returns {[number[], number[], number[]]}
 */
function rates({ native, resilient }) {
  const current = Math.floor(Date.now() / 1000);
  const seconds = Array.from({ length: PAST + 2 }, (_, index) => current - PAST - 2 + index);
  const of = (/** @type {Track} */ { perSecond }) =>
    seconds.map((second) => perSecond.get(second) ?? 0);
  const [left, right] = [of(native), of(resilient)];
  // The last whole second lasts until the current one begins.
  return [
    [...seconds, current],
    [...left, left.at(-1) ?? 0],
    [...right, right.at(-1) ?? 0],
  ];
}
