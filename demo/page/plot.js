// @ts-check
import uPlot from "uplot";
import { colours } from "./theme.js";

/** The common part of the charts' axes. */
export const axis = {
  stroke: () => colours().soft,
  font: "12px system-ui, sans-serif",
  grid: { stroke: () => colours().line, width: 1 },
  ticks: { show: false },
};

/**
 * A curve of counts; each holds until the next.
 *
 * @param {"native" | "resilient"} name
 * @param {number[]} dash
 * @returns {uPlot.Series}
 */
export function line(name, dash = []) {
  const paths = /** @type {uPlot.Series.SteppedPathBuilderFactory} */ (uPlot.paths.stepped)({
    align: 1,
  });
  return {
    stroke: () => colours()[name],
    fill: () => `${colours()[name]}1c`,
    width: 2,
    dash,
    paths,
    points: { show: false },
  };
}

/**
 * Keeps a chart as wide as its container.
 *
 * @param {uPlot} plot
 * @param {HTMLElement} host
 */
export function keepWidth(plot, host) {
  new ResizeObserver(() => {
    if (host.clientWidth && host.clientWidth !== plot.width)
      plot.setSize({ width: host.clientWidth, height: plot.height });
  }).observe(host);
}
