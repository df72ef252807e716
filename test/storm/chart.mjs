const WIDTH = 860;
const HEIGHT = 380;
const LEFT = 70;
const BOTTOM = 330;
const TOP = 40;

/** Attempts per second as an SVG with a logarithmic axis: a fixed rule stands two orders above the rest, and one would see nothing else. */
export function chart(curves, { seconds, perSecond }) {
  const most = Math.max(...curves.flatMap(({ attempts }) => [...attempts.slice(0, seconds)]));
  const x = (second) => LEFT + (second / seconds) * (WIDTH - LEFT - 20);
  const y = (count) => BOTTOM - (Math.log10(Math.max(1, count)) / Math.log10(most)) * (BOTTOM - TOP);
  const shown = curves.filter(({ ours, name }) => ours || /native|fetch-event-source|reconnecting/.test(name));
  const colours = ["#0a7", "#38c", "#c33", "#e90", "#84c", "#777"];
  const lines = shown.map(({ name, attempts }, index) => {
    const points = Array.from(attempts.slice(0, seconds), (count, second) => `${x(second).toFixed(1)},${y(count).toFixed(1)}`).join(" ");
    const colour = colours[index % colours.length];
    return { line: `<polyline fill="none" stroke="${colour}" stroke-width="${index === 0 ? 3 : 1.5}" points="${points}"/>`, name, colour };
  });
  const ticks = Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, power) => 10 ** power);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT + 20 * Math.ceil(lines.length / 2)}" font-family="sans-serif" font-size="12" role="img" aria-label="Connection attempts per second after an outage, by client">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${LEFT}" y="22" font-size="15">Attempts per second; the server dies at 0 s, is back at 5 s and takes ${perSecond} a second</text>
${ticks.map((tick) => `<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y(tick)}" y2="${y(tick)}" stroke="#ddd"/><text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${tick.toLocaleString("en")}</text>`).join("\n")}
<line x1="${LEFT}" x2="${WIDTH - 20}" y1="${y(perSecond)}" y2="${y(perSecond)}" stroke="#000" stroke-dasharray="5 4"/>
${[0, 15, 30, 45, 60, 75, 90].map((second) => `<text x="${x(second)}" y="${BOTTOM + 18}" text-anchor="middle">${second} s</text>`).join("")}
${lines.map(({ line }) => line).join("\n")}
${lines.map(({ name, colour }, index) => `<text x="${LEFT + (index % 2) * 400}" y="${BOTTOM + 42 + Math.floor(index / 2) * 20}" fill="${colour}">■ ${name.replace(/&/g, "&amp;").replace(/</g, "&lt;")}</text>`).join("\n")}
</svg>
`;
}
