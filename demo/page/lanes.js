// @ts-check
import { colours, stripes } from "./theme.js";

/** @import uPlot from "uplot" */
/** @import { Span, Track } from "./track.js" */

/** The heights of a lane's parts, in pixels. */
const TITLE = 26;
const BAR = 24;
const SIGNS = 30;
/** From how long on a silence is drawn, in milliseconds. */
const SHORTEST_SILENCE = 700;

/**
 * A lane of the chart: the history of one thing. `words`: labels in place of a status.
 *
 * @typedef {object} Lane
 * @property {string} title
 * @property {Pick<Track, "spans" | "silences" | "failures" | "attempts">} track
 * @property {Partial<Record<Span["status"], string>>} [words]
 */

/** The height of a lane, in pixels. */
export const LANE_HEIGHT = TITLE + BAR + SIGNS;

/**
 * Draws the lanes above the plot itself, on its time axis.
 *
 * @param {uPlot} plot
 * @param {Lane[]} lanes
 */
export function drawLanes(plot, lanes) {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  const paint = colours();
  /** @param {number} ms */
  const x = (ms) => plot.valToPos(ms / 1000, "x", true);
  const now = x(Date.now());

  ctx.save();
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.beginPath();
  ctx.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height);
  ctx.clip();
  lanes.forEach((lane, index) => drawLane(lane, index * LANE_HEIGHT * scale));
  write("Events per second", bbox.left + 2 * scale, bbox.top - 14 * scale, paint.soft, 12);
  ctx.strokeStyle = paint.soft;
  ctx.setLineDash([2 * scale, 3 * scale]);
  ctx.beginPath();
  ctx.moveTo(now, TITLE * scale);
  ctx.lineTo(now, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();

  /**
   * @param {Lane} lane
   * @param {number} lanesTop
   */
  function drawLane({ title, track, words = {} }, lanesTop) {
    const top = lanesTop + TITLE * scale;
    const height = BAR * scale;
    write(title, bbox.left + 2 * scale, lanesTop + 9 * scale, paint.text, 12, "600");
    fill(paint.line, bbox.left, top, now - bbox.left, height, 0.35);
    const silences = silencesOf(track).map(({ from, to }) => ({
      left: Math.max(x(from), bbox.left),
      right: x(to),
    }));
    for (const span of track.spans) drawSpan(span, top, height);
    for (const { left, right } of silences)
      fill(paint.card, left, top + 2 * scale, right - left, height - 4 * scale);
    for (const { status, from, to, word = words[status] ?? status } of track.spans) {
      const left = Math.max(x(from), bbox.left);
      const right = to === undefined ? now : x(to);
      const silence = silences.find((each) => each.left >= left && each.left < right);
      label(
        word,
        left,
        silence?.left ?? right,
        top,
        height,
        isStriped(status) ? "striped" : status === "connecting" ? "light" : "dark",
      );
    }
    for (const { left, right } of silences)
      label("open, but silent", left, right, top, height, "light");
    const below = top + height;
    ctx.textAlign = "center";
    for (const at of track.attempts) write("▲", x(at), below + 7 * scale, paint.attempt, 10);
    for (const at of track.failures)
      write("✕", x(at), below + (track.attempts.length ? 18 : 8) * scale, paint.closed, 10);
    ctx.textAlign = "left";
  }

  /**
   * @param {Span} span
   * @param {number} top
   * @param {number} height
   */
  function drawSpan({ status, from, to, until, drawnFrom, colour = status }, top, height) {
    const left = Math.max(x(from), bbox.left);
    const right = to === undefined ? now : x(to);
    if (drawnFrom)
      fill(
        paint.waiting,
        x(drawnFrom[0]),
        top - 7 * scale,
        x(drawnFrom[1]) - x(drawnFrom[0]),
        4 * scale,
        0.4,
      );
    if (right <= bbox.left) return;
    const width = Math.max(right - left, 1.5 * scale);
    fill(
      isStriped(status) ? stripes(ctx, paint[colour], scale) : paint[colour],
      left,
      top,
      width,
      height,
    );
    if (isStriped(status)) {
      ctx.strokeStyle = paint[colour];
      ctx.lineWidth = scale;
      ctx.strokeRect(left + scale / 2, top + scale / 2, Math.max(0, width - scale), height - scale);
    }
    if (until && to === undefined)
      fill(paint.attempt, x(until) - scale, top - 9 * scale, 2 * scale, height + 11 * scale);
  }

  /**
   * Labels a stretch where there is room for it.
   *
   * @param {string} word
   * @param {number} left
   * @param {number} right
   * @param {number} top
   * @param {number} height
   * @param {"dark" | "light" | "striped"} ground
   */
  function label(word, left, right, top, height, ground) {
    ctx.font = `600 ${11 * scale}px system-ui, sans-serif`;
    const { width } = ctx.measureText(word);
    if (right - left < width + 12 * scale) return;
    // Words on stripes cannot be read.
    if (ground === "striped")
      fill(paint.card, left + 4 * scale, top + 4 * scale, width + 8 * scale, height - 8 * scale);
    write(
      word,
      left + 8 * scale,
      top + height / 2 + scale / 2,
      ground === "dark" ? paint["on-state"] : paint.text,
      11,
      "600",
    );
  }

  /**
   * @param {string} text
   * @param {number} left
   * @param {number} middle
   * @param {string} colour
   * @param {number} size
   * @param {string} [weight]
   */
  function write(text, left, middle, colour, size, weight = "400") {
    ctx.fillStyle = colour;
    ctx.font = `${weight} ${size * scale}px system-ui, sans-serif`;
    ctx.fillText(text, left, middle);
  }

  /**
   * @param {string | CanvasPattern} style
   * @param {number} left
   * @param {number} top
   * @param {number} width
   * @param {number} height
   * @param {number} [alpha]
   */
  function fill(style, left, top, width, height, alpha = 1) {
    ctx.globalAlpha = alpha;
    ctx.fillStyle = style;
    ctx.fillRect(left, top, width, height);
    ctx.globalAlpha = 1;
  }
}

/** @param {Span["status"]} status */
function isStriped(status) {
  return status === "waiting" || status === "paused";
}

/**
 * The stretches in which a client considered itself open but received nothing: the silences within
 * open spans.
 *
 * @param {Lane["track"]} track
 */
function silencesOf({ spans, silences }) {
  return spans
    .filter(({ status }) => status === "open")
    .flatMap(({ from, to = Date.now() }) =>
      silences.map((silence) => ({
        from: Math.max(from, silence.from),
        to: Math.min(to, silence.to),
      })),
    )
    .filter(({ from, to }) => to - from > SHORTEST_SILENCE);
}
