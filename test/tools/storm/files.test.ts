import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { drawChart } from "./draw.mjs";
import { loadLibrary } from "./library.mjs";
import {
  measure,
  PER_SECOND,
  plannedRestart,
  policiesOf,
  scenarios,
  toldPoliciesOf,
} from "./measure.mjs";
import { cells, heading } from "./tables.mjs";

// The commands of this folder bundle these files, and must find everything they need.
const library = await loadLibrary();
const committed = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
/** Tables are padded with spaces to line up. */
const row = (line: string): string[] =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

test("the committed chart is the one that npm run storm draws", () => {
  expect(drawChart(library)).toBe(committed("storm.svg"));
});

// The rest of the table comes from the same code. A million clients would take too long for a unit
// test.
test("the committed rows of our client are those of npm run storm, and every client has a row", () => {
  const text = committed("100000.md");
  const policies = policiesOf(library);
  for (const scenario of scenarios(100_000).filter(({ down }) => down === 5)) {
    const [, section = ""] = text.split(`### ${heading(scenario)}\n`);
    const rows = section
      .split("\n### ")[0]!
      .match(/^\|.*\|$/gm)!
      .slice(2)
      .map(row);
    expect(rows.map(([name]) => name)).toEqual(policies.map(({ name }) => name));
    policies.forEach((policy, index) => {
      if ("own" in policy) expect(rows[index]).toEqual(cells(policy, measure(scenario, policy)));
    });
  }
});

test("the rows of the planned restart are what npm run storm finds now; a drain stays within 1.2 times the capacity", () => {
  const scenario = plannedRestart(100_000);
  const [, section = ""] = committed("100000.md").split(
    `### ${heading(scenario)}: a planned restart\n`,
  );
  const rows = section
    .split("\n### ")[0]!
    .match(/^\|.*\|$/gm)!
    .slice(2)
    .map(row);
  const measured = toldPoliciesOf(library).map(
    (policy) => [policy, measure(scenario, policy)] as const,
  );
  expect(rows).toEqual(measured.map(([policy, result]) => cells(policy, result)));
  expect(measured.at(-1)![1].peak).toBeLessThanOrEqual(1.2 * PER_SECOND);
});
