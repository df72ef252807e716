// @ts-check
import uPlot from "uplot";
import { axis, keepWidth, line } from "./plot.js";
import { colours, stripes } from "./theme.js";

/** @import { Span, Track } from "./track.js" */

/** How much is shown, in seconds: of the past, and of the future, where waits end. */
const PAST = 60;
const FUTURE = 8;

/** Heights in pixels: of the three parts of a lane, with `signs` where there are any, and of the plot below. */
const LANE = { title: 26, bar: 24, signs: 24, gap: 6 };
const RATES = 100;

/** A lane of the chart. @typedef {{ title: string, track: Pick<Track, "spans" | "silences" | "failures" | "attempts">, words?: Partial<Record<Span["status"], string>>, hasSigns?: boolean }} Lane */

/**
 * Draws what happened in the last minute: a lane for the server and for each client, and the events per second below.
 *
 * @param {HTMLElement} host
 * @param {Lane[]} lanes
 * @param {{ native: Track, resilient: Track }} tracks
 */
export function createTimeline(host, lanes, tracks) {
  const now = () => Date.now() / 1000;
  const lanesHeight = lanes.reduce((sum, lane) => sum + heightOf(lane), 0);
  const plot = new uPlot(
    {
      width: host.clientWidth,
      height: lanesHeight + RATES + 40,
      padding: [lanesHeight + 26, 8, 0, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: false, range: () => [now() - PAST, now() + FUTURE] },
        y: { range: (_plot, _min, max) => [0, Math.max(8, (max || 0) * 1.1)] },
      },
      axes: [
        {
          ...axis,
          splits: () => [-60, -45, -30, -15, 0].map((ago) => now() + ago),
          values: () => ["60 s ago", "45", "30", "15", "now"],
        },
        { ...axis, size: 34, space: 34 },
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

/** @param {Lane} lane */
function heightOf({ hasSigns = true }) {
  return LANE.title + LANE.bar + LANE.gap + (hasSigns ? LANE.signs : 0);
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
  const of = (/** @type {Track} */ { perSecond }) => seconds.map((second) => perSecond.get(second) ?? 0);
  const [left, right] = [of(native), of(resilient)];
  // The last whole second lasts until the current one begins.
  return [
    [...seconds, current],
    [...left, left.at(-1) ?? 0],
    [...right, right.at(-1) ?? 0],
  ];
}

/**
 * @param {uPlot} plot
 * @param {Lane[]} lanes
 */
function drawLanes(plot, lanes) {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  const paint = colours();
  ctx.save();
  ctx.textBaseline = "middle";
  // The lanes lie above the plot proper, which clips.
  ctx.beginPath();
  ctx.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height);
  ctx.clip();
  /** @param {number} ms */
  const x = (ms) => plot.valToPos(ms / 1000, "x", true);
  const now = x(Date.now());

  let top = 0;
  for (const lane of lanes) {
    const { title, track, words = {} } = lane;
    const bar = { top: top + LANE.title * scale, height: LANE.bar * scale };
    ctx.fillStyle = paint.text;
    ctx.font = `600 ${12 * scale}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.fillText(title, bbox.left + 2 * scale, top + 9 * scale);
    ctx.fillStyle = paint.line;
    ctx.globalAlpha = 0.35;
    ctx.fillRect(bbox.left, bar.top, now - bbox.left, bar.height);
    ctx.globalAlpha = 1;
    for (const span of track.spans) drawSpan(span, bar, span.word ?? words[span.status] ?? span.status);
    for (const { from, to } of silencesOf(track)) drawSilence(from, to, bar);
    const below = bar.top + bar.height;
    ctx.textAlign = "center";
    ctx.font = `${10 * scale}px system-ui, sans-serif`;
    ctx.fillStyle = paint.attempt;
    for (const at of track.attempts) ctx.fillText("▲", x(at), below + 7 * scale);
    ctx.fillStyle = paint.closed;
    for (const at of track.failures) ctx.fillText("✕", x(at), below + (track.attempts.length ? 18 : 8) * scale);
    top += heightOf(lane) * scale;
  }
  ctx.fillStyle = paint.soft;
  ctx.font = `${12 * scale}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.fillText("Events per second", bbox.left + 2 * scale, bbox.top - 14 * scale);
  ctx.strokeStyle = paint.soft;
  ctx.setLineDash([2 * scale, 3 * scale]);
  ctx.beginPath();
  ctx.moveTo(now, LANE.title * scale);
  ctx.lineTo(now, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();

  /**
   * @param {Span} span
   * @param {{ top: number, height: number }} bar
   * @param {string} word
   */
  function drawSpan({ status, from, to, until, drawnFrom }, bar, word) {
    const left = Math.max(x(from), bbox.left);
    const right = to === undefined ? now : x(to);
    if (drawnFrom) {
      const [early, late] = /** @type {[number, number]} */ (drawnFrom.map(x));
      ctx.globalAlpha = 0.4;
      ctx.fillStyle = paint.waiting;
      ctx.fillRect(early, bar.top - 7 * scale, late - early, 4 * scale);
      ctx.globalAlpha = 1;
    }
    if (right <= bbox.left) return;
    const width = Math.max(right - left, 1.5 * scale);
    ctx.fillStyle = status === "waiting" || status === "paused" ? stripes(ctx, paint[status], scale) : paint[status];
    ctx.fillRect(left, bar.top, width, bar.height);
    if (status === "waiting" || status === "paused") {
      ctx.strokeStyle = paint[status];
      ctx.lineWidth = scale;
      ctx.strokeRect(left + scale / 2, bar.top + scale / 2, Math.max(0, width - scale), bar.height - scale);
    }
    if (until && to === undefined) {
      ctx.fillStyle = paint.attempt;
      ctx.fillRect(x(until) - scale, bar.top - 9 * scale, 2 * scale, bar.height + 11 * scale);
    }
    label(word, left, width, bar, status);
  }

  /**
   * @param {number} from
   * @param {number} to
   * @param {{ top: number, height: number }} bar
   */
  function drawSilence(from, to, bar) {
    const left = Math.max(x(from), bbox.left);
    const width = x(to) - left;
    if (width <= 0) return;
    ctx.fillStyle = paint.card;
    ctx.fillRect(left, bar.top + 2 * scale, width, bar.height - 4 * scale);
    label("open, yet silent", left, width, bar, "silent");
  }

  /**
   * @param {string} word
   * @param {number} left
   * @param {number} width
   * @param {{ top: number, height: number }} bar
   * @param {string} status
   */
  function label(word, left, width, bar, status) {
    ctx.font = `600 ${11 * scale}px system-ui, sans-serif`;
    const { width: needed } = ctx.measureText(word);
    if (width < needed + 12 * scale) return;
    ctx.textAlign = "left";
    const plain = status === "waiting" || status === "paused";
    if (plain) {
      // Words on stripes cannot be read.
      ctx.fillStyle = paint.card;
      ctx.fillRect(left + 4 * scale, bar.top + 4 * scale, needed + 8 * scale, bar.height - 8 * scale);
    }
    ctx.fillStyle = plain || status === "silent" || status === "connecting" ? paint.text : paint["on-state"];
    ctx.fillText(word, left + 8 * scale, bar.top + bar.height / 2 + scale / 2);
  }
}

/**
 * The stretches in which a client took itself for open, but heard nothing: the silences, as far as they lie in an open span.
 *
 * @param {Lane["track"]} track
 */
function silencesOf({ spans, silences }) {
  const stretches = [];
  for (const { status, from, to = Date.now() } of spans) {
    if (status !== "open") continue;
    for (const silence of silences) {
      const start = Math.max(from, silence.from);
      const end = Math.min(to, silence.to);
      if (end - start > 300) stretches.push({ from: start, to: end });
    }
  }
  return stretches;
}
