// @ts-check
import uPlot from "uplot";
import { axis, keepWidth, line } from "./plot.js";
import { colours } from "./theme.js";

/**
 * Draws the attempts in each second of the storm.
 *
 * @param {HTMLElement} host
 * @param {number} perSecond How many clients the server takes.
 */
export function createStormChart(host, perSecond) {
  const plot = new uPlot(
    {
      width: host.clientWidth,
      height: 160,
      padding: [8, 24, 0, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: false, range: (plot) => [0, Math.max(30, plot.data[0]?.length ?? 0)] },
        y: { range: (_plot, _min, max) => [0, Math.max(perSecond * 4, (max || 0) * 1.05)] },
      },
      axes: [
        { ...axis, values: (_plot, splits) => splits.map((second) => `${second} s`) },
        { ...axis, size: 48 },
      ],
      series: [{}, line("native", [6, 4]), line("resilient")],
      hooks: {
        draw: [
          ({ ctx, bbox, valToPos }) => {
            const y = valToPos(perSecond, "y", true);
            ctx.save();
            ctx.strokeStyle = ctx.fillStyle = colours().soft;
            ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
            ctx.beginPath();
            ctx.moveTo(bbox.left, y);
            ctx.lineTo(bbox.left + bbox.width, y);
            ctx.stroke();
            ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
            ctx.textAlign = "right";
            ctx.textBaseline = "bottom"; // uPlot left its own.
            ctx.fillText(
              "what the server accepts",
              bbox.left + bbox.width - 4,
              y - 2 * devicePixelRatio,
            );
            ctx.restore();
          },
        ],
      },
    },
    [[0], [null], [null]],
    host,
  );
  keepWidth(plot, host);

  return {
    /** @param {number[][]} [attempts] In each second: native's, and ours. */
    draw(attempts = []) {
      const length = Math.max(1, ...attempts.map((each) => each.length));
      const seconds = Array.from({ length }, (_, second) => second);
      // The current second would look like a decline.
      const whole = (/** @type {number} */ second) =>
        second === length - 1 ? Math.max(0, second - 1) : second;
      const [native, resilient] = [0, 1].map((index) =>
        seconds.map((second) => attempts[index] && (attempts[index][whole(second)] ?? 0)),
      );
      plot.setData([seconds, native ?? [], resilient ?? []]);
    },
  };
}
