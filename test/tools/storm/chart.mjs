import { PER_SECOND } from "./measure.mjs";
import { BIN } from "./simulate.mjs";

/** The seconds that are shown. */
const SHOWN = 90;
const WIDTH = 860;
const LEFT = 76;
const RIGHT = WIDTH - 20;
const TOP = 64;
const BOTTOM = 340;
/** From 100 a second up: fewer do no harm. */
const LOWEST = 100;

/**
 * The colours of Okabe and Ito, which colour-blind people can tell apart; dashes, in case no colour
 * is visible.
 */
const LINES = [
  { colour: "#009e73", width: 3.5, dashes: "" },
  { colour: "#0072b2", width: 2.5, dashes: "8 3" },
  { colour: "#d55e00", width: 1.5, dashes: "" },
  { colour: "#cc79a7", width: 1.5, dashes: "5 3" },
  { colour: "#6b6b6b", width: 1.5, dashes: "2 2" },
];

/**
 * Draws the attempts per second of some storms as an SVG with a logarithmic axis: a fixed delay is
 * a hundred times above the rest, which would be invisible on a linear one. The chart has a light
 * background of its own, so it looks the same on a dark page.
 *
 * @param {readonly { name: string, storm: { attemptsPerBin: Uint32Array } }[]} curves
 */
export function chart(curves, { clients, down }) {
  const shown = curves.map(({ name, storm }, index) => ({
    name,
    attempts: perSecond(storm),
    ...LINES[index],
  }));
  const highest = Math.max(...shown.map(({ attempts }) => Math.max(...attempts)));
  const x = (second) => round(LEFT + (second / SHOWN) * (RIGHT - LEFT));
  const y = (count) =>
    round(
      BOTTOM -
        (Math.log10(Math.max(LOWEST, count) / LOWEST) / Math.log10(highest / LOWEST)) *
          (BOTTOM - TOP),
    );
  const title = `${number(clients)} clients lose their server for ${down} s`;
  const description =
    `Connection attempts per second over ${SHOWN} seconds. The server takes ${number(PER_SECOND)} a second. ` +
    shown
      .map(
        ({ name, attempts }) =>
          `${name}: at most ${number(Math.max(...attempts.slice(down)))} once it is back.`,
      )
      .join(" ");

  const grid = [100, 1000, 10_000, 100_000]
    .filter((count) => count <= highest)
    .map(
      (count) =>
        `<path d="M${LEFT} ${y(count)}H${RIGHT}" stroke="#e2e2e2"/><text x="${LEFT - 8}" y="${y(count) + 4}" text-anchor="end">${number(count)}</text>`,
    );
  const seconds = [0, 15, 30, 45, 60, 75, 90].map(
    (second) => `<text x="${x(second)}" y="${BOTTOM + 18}" text-anchor="middle">${second} s</text>`,
  );
  const lines = shown.map(({ attempts, colour, width, dashes }) => {
    const points = Array.from(attempts, (count, second) => `${x(second)},${y(count)}`).join(" ");
    return `<polyline fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"${dashes && ` stroke-dasharray="${dashes}"`} points="${points}"/>`;
  });
  const legend = shown.map(({ name, colour, width, dashes }, index) => {
    const at = { x: LEFT + (index % 2) * 390, y: BOTTOM + 48 + Math.floor(index / 2) * 22 };
    return `<path d="M${at.x} ${at.y - 4}h28" stroke="${colour}" stroke-width="${width}"${dashes && ` stroke-dasharray="${dashes}"`}/><text x="${at.x + 36}" y="${at.y}">${escape(name)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${BOTTOM + 42 + 22 * Math.ceil(shown.length / 2)}" font-family="system-ui, sans-serif" font-size="13" fill="#24292f" role="img" aria-labelledby="title description">
<title id="title">${escape(title)}</title>
<desc id="description">${escape(description)}</desc>
<rect width="100%" height="100%" rx="8" fill="#fff"/>
<text x="${LEFT}" y="28" font-size="16" font-weight="600">${escape(title)}</text>
<text x="${LEFT}" y="48" fill="#57606a">Connection attempts per second, logarithmic; the dotted line is what the server takes</text>
<rect x="${x(0)}" y="${TOP}" width="${round(x(down) - x(0))}" height="${BOTTOM - TOP}" fill="#f3d9d2"/>
<text x="${round((x(0) + x(down)) / 2)}" y="${BOTTOM - 8}" fill="#57606a" text-anchor="middle">down</text>
${grid.join("\n")}
<path d="M${LEFT} ${y(PER_SECOND)}H${RIGHT}" stroke="#24292f" stroke-dasharray="1 5" stroke-width="2" stroke-linecap="round"/>
${seconds.join("")}
${lines.join("\n")}
${legend.join("\n")}
</svg>
`;
}

/** The attempts of each second that is shown. */
function perSecond({ attemptsPerBin }) {
  const bins = 1000 / BIN;
  return Array.from({ length: SHOWN }, (_, second) =>
    attemptsPerBin
      .subarray(second * bins, (second + 1) * bins)
      .reduce((sum, each) => sum + each, 0),
  );
}

const round = (value) => Math.round(value * 10) / 10;
const number = (value) => value.toLocaleString("en");
const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
