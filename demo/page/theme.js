// @ts-check
const names = /** @type {const} */ ([
  "text",
  "soft",
  "line",
  "card",
  "native",
  "resilient",
  "open",
  "waiting",
  "connecting",
  "paused",
  "closed",
  "on-state",
  "attempt",
]);

/** @typedef {Record<(typeof names)[number], string>} Colours */

/** @type {Colours | undefined} */
let known;
const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", () => (known = undefined));

/** Matches if the visitor prefers reduced motion. */
export const stillness = matchMedia("(prefers-reduced-motion: reduce)");

/** The colours of the style sheet, for drawing on a canvas. */
export function colours() {
  if (known) return known;
  const style = getComputedStyle(document.documentElement);
  return (known = /** @type {Colours} */ (
    Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]))
  ));
}

/**
 * Stripes, so that a state can be told apart without its colour.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {string} colour
 * @param {number} [scale] Canvas pixels to a CSS pixel.
 */
export function stripes(context, colour, scale = 1) {
  const size = Math.round(8 * scale);
  const tile = new OffscreenCanvas(size, size);
  const brush = /** @type {OffscreenCanvasRenderingContext2D} */ (tile.getContext("2d"));
  brush.strokeStyle = colour;
  brush.lineWidth = size / 3;
  for (const shift of [-size, 0, size]) {
    brush.beginPath();
    brush.moveTo(shift - size / 4, size + size / 4);
    brush.lineTo(shift + size + size / 4, -size / 4);
    brush.stroke();
  }
  return /** @type {CanvasPattern} */ (context.createPattern(/** @type {any} */ (tile), "repeat"));
}

/**
 * Calls `draw` in animation frames, at most this often; a hidden page draws nothing. Once a second
 * if the visitor prefers reduced motion.
 *
 * @param {number} perSecond
 * @param {() => void} draw
 */
export function animate(perSecond, draw) {
  let last = 0;
  /** @param {number} now */
  const frame = (now) => {
    if (now - last >= 1000 / (stillness.matches ? 1 : perSecond)) {
      last = now;
      draw();
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
