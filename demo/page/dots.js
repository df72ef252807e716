// @ts-check
import { colours, stillness } from "./theme.js";

/** @import { DotState } from "./storm-crowds.js" */

const COLUMNS = 50;
/** How long an attempt is visible, in milliseconds. */
const FLASH = 350;

/**
 * Draws a crowd: a dot for each client. Each state has a shape of its own.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {readonly DotState[]} states
 * @param {Float64Array} [attemptedAt] When each made its last attempt, on the clock of
 *   `performance.now()`.
 */
export function drawDots(canvas, states, attemptedAt) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const rows = Math.ceil(states.length / COLUMNS);
  const pitch = (canvas.clientWidth * devicePixelRatio) / COLUMNS;
  const [width, height] = [Math.round(pitch * COLUMNS), Math.round(pitch * rows)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const paint = colours();
  const now = performance.now();
  context.clearRect(0, 0, width, height);
  context.lineWidth = Math.max(1, pitch * 0.1);
  states.forEach((state, index) => {
    // On whole pixels, so that all dots look alike.
    const x = Math.round(((index % COLUMNS) + 0.5) * pitch);
    const y = Math.round((Math.floor(index / COLUMNS) + 0.5) * pitch);
    const attempts = !stillness.matches && now - (attemptedAt?.[index] ?? -Infinity) < FLASH;
    context.beginPath();
    if (state === "closed") {
      const arm = pitch * 0.26;
      context.strokeStyle = paint.closed;
      context.moveTo(x - arm, y - arm);
      context.lineTo(x + arm, y + arm);
      context.moveTo(x + arm, y - arm);
      context.lineTo(x - arm, y + arm);
      context.stroke();
    } else if (attempts) {
      context.fillStyle = paint.attempt;
      context.arc(x, y, pitch * 0.48, 0, 2 * Math.PI);
      context.fill();
    } else if (state === "open") {
      context.fillStyle = paint.open;
      context.arc(x, y, pitch * 0.34, 0, 2 * Math.PI);
      context.fill();
    } else {
      context.strokeStyle = paint.waiting;
      context.arc(x, y, pitch * 0.22, 0, 2 * Math.PI);
      context.stroke();
    }
  });
}
