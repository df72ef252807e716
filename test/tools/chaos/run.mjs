// npm run test:chaos -- [--seed N] [--runs K] [--minutes M] [--log FILE]: K seeds from N on, in M
// minutes together. Prints a seed that fails, with what happened before. `test:tabs` takes the same
// options.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runnerImport } from "vite";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
    runs: { type: "string", default: "1" },
    minutes: { type: "string", default: "1" },
    log: { type: "string" },
    tabs: { type: "boolean", default: false },
  },
});
const load = async (file) =>
  (
    await runnerImport(fileURLToPath(new URL(file, import.meta.url)), {
      configFile: false,
      logLevel: "error",
    })
  ).module;
const run = values.tabs ? (await load("tabs.ts")).runTabs : (await load("chaos.ts")).runChaos;
const { addReports, tabulate } = await load("report.ts");

const [first, runs, minutes] = [values.seed, values.runs, values.minutes].map(Number);
const reports = [];
let failed = 0;
for (let seed = first; seed < first + runs; seed++) {
  try {
    const report = await run({ seed, duration: (minutes * 60_000) / runs });
    reports.push(report);
    console.log(
      `seed ${seed}: ${report.seconds} s, ${report.sources} sources, ${report.requests} requests, ${report.events} events: no violation`,
    );
  } catch (error) {
    failed++;
    console.log(`seed ${seed}: VIOLATED`);
    for (const violation of error.violations ?? [error.stack]) console.log(`  ${violation}`);
    const log = error.log ?? [];
    console.log(log.slice(-60).join("\n"));
    if (values.log) writeFileSync(values.log, log.join("\n"));
    console.log(
      `again: npm run test:${values.tabs ? "tabs" : "chaos"} -- --seed ${seed} --minutes ${minutes / runs}`,
    );
  }
}
console.log(`\n${tabulate(addReports(reports))}\n`);
console.log(`${reports.length} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
