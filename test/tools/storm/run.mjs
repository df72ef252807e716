// npm run storm [-- --clients 1000000] [-- --down 5]: which clients bring a server down when it
// comes back, and when is each client back? Prints the tables and writes them to N.md in this
// folder, and for 100,000 clients the chart to storm.svg. With --down it prints only that outage
// and writes nothing.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { format } from "prettier";
import { drawChart } from "./draw.mjs";
import { loadLibrary } from "./library.mjs";
import {
  measureAll,
  PER_SECOND,
  plannedRestart,
  policiesOf,
  scenarios,
  toldPoliciesOf,
} from "./measure.mjs";
import { peers } from "./policies.mjs";
import { costs, heading, rules, section } from "./tables.mjs";

const { values } = parseArgs({
  options: { clients: { type: "string", default: "100000" }, down: { type: "string" } },
});
const clients = Number(values.clients);
if (!Number.isInteger(clients) || clients < 1)
  throw new RangeError(`--clients must be a whole number from 1, got ${values.clients}`);
const file = (name) => new URL(name, import.meta.url);

const library = await loadLibrary();
const policies = policiesOf(library);
const measured = (scenario) => {
  console.error(heading(scenario));
  return measureAll(scenario, policies);
};

const chosen = scenarios(clients).filter(
  ({ down }) => !values.down || down === Number(values.down),
);
const storms = chosen.map((scenario) => [scenario, measured(scenario)]);
const parts = [
  `# The storm: ${clients.toLocaleString("en")} clients`,
  `Made by \`npm run storm -- --clients ${clients}\`: do not edit. What it means is in [README.md](README.md). The server takes ${PER_SECOND.toLocaleString("en")} connections a second once it is back; a peak is a multiple of that, in any one second after its return; attempts while down are per client; times count from its return.`,
  ...storms.map(([scenario, rows]) => section(scenario, policies, rows)),
];
if (!values.down) {
  const restart = plannedRestart(clients);
  const told = toldPoliciesOf(library);
  parts.push(
    section(restart, told, measureAll(restart, told), `${heading(restart)}: a planned restart`),
  );
}
if (clients <= 100_000 && !values.down) {
  const [outage, free] = storms.find(([{ down, refusal }]) => down === 5 && refusal === "closed");
  const costly = [0.02, 0.05, 0.1].map((refusalCost) => [
    refusalCost,
    measured({ ...outage, refusalCost }),
  ]);
  const flapping = { clients, down: 30, refusal: "cut", absence: "cut" };
  parts.push(
    `### ${heading(outage)}, when refusing is not free`,
    costs([[0, free], ...costly], policies),
    section(flapping, policies, measured(flapping)),
  );
}
parts.push("### The rules", rules(peers));

const markdown = await format(parts.join("\n\n"), { parser: "markdown", printWidth: 140 });
console.log(markdown);
if (!values.down) {
  writeFileSync(file(`${clients}.md`), markdown);
  if (clients === 100_000) writeFileSync(file("storm.svg"), drawChart(library));
}
