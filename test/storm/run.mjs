// npm run storm [-- --clients 1000000] [-- --quick]: who brings a server down when it comes back, and who is back when?
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { chart } from "./chart.mjs";
import { loadLibrary } from "./library.mjs";
import { ours, peers } from "./policies.mjs";
import { BIN, peak, simulate, timeTo } from "./simulate.mjs";

const { values } = parseArgs({ options: { clients: { type: "string", default: "100000" }, quick: { type: "boolean", default: false } } });
const clients = Number(values.clients);
const perSecond = 2000;
const library = await loadLibrary();
const policies = [
  ours(library, "resilient-eventsource", { retryAfter: 5000 }),
  ours(library, "resilient-eventsource, told `retry: 30000` before", { retryAfter: 5000, reconnectionTime: 30_000 }),
  ...peers,
];

const perSecondOf = ({ attemptsPerBin }) =>
  Uint32Array.from({ length: 90 }, (_, second) =>
    attemptsPerBin.subarray((second * 1000) / BIN, ((second + 1) * 1000) / BIN).reduce((sum, count) => sum + count),
  );
const seconds = (value) => (value === undefined ? "never" : `${value} s`);
const report = [];
const curves = [];
for (const down of values.quick ? [5] : [0, 5, 30, 300]) {
  for (const refusal of ["closed", "503"]) {
    const bound = Math.ceil(clients / perSecond);
    report.push(
      `\n### ${clients.toLocaleString("en")} clients, ${down} s down, refused by ${refusal === "503" ? "a 503 with Retry-After: 5" : "a closed port"}; lower bound ${bound} s\n`,
      "| Client | Peak attempts/s once it is back | × capacity | Attempts while down, per client | 50 % back | 99 % back | 100 % back | Lost for good |",
      "|---|--:|--:|--:|--:|--:|--:|--:|",
    );
    for (const policy of policies) {
      const run = simulate({ clients, down, perSecond, refusal, policy });
      const most = peak(run, down);
      const times = [0.5, 0.99, 1].map((share) => seconds(timeTo(share, run, down)));
      const cells = [policy.name, most, (most / perSecond).toFixed(1), (run.attemptsWhileDown / clients).toFixed(1), ...times, run.lost];
      report.push(`| ${cells.join(" | ")} |`);
      if (down === 5 && refusal === "closed")
        curves.push({ name: policy.name, ours: policies.indexOf(policy) < 2, attempts: perSecondOf(run) });
    }
  }
}
report.push("\nRead from:\n", ...peers.map(({ name, source }) => `- ${name}: ${source}`));
mkdirSync(".storm", { recursive: true });
writeFileSync(".storm/storm.md", report.join("\n"));
if (curves.length) writeFileSync(".storm/storm.svg", chart(curves, { seconds: 90, perSecond }));
console.log(report.join("\n"));
