import { PER_SECOND, RETRY_AFTER } from "./measure.mjs";

const number = (value) => value.toLocaleString("en");
const seconds = (value) => (value === undefined ? "never" : `${value.toFixed(1)} s`);
const table = (head, rows, alignment = "--:") => {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [
    line(head),
    line(head.map((_, column) => (column ? alignment : "---"))),
    ...rows.map(line),
  ].join("\n");
};

/**
 * Describes a scenario in words.
 *
 * @param {import("./measure.mjs").Scenario} scenario
 */
export function heading({ clients, down, refusal, absence, refusalCost }) {
  const refused = {
    closed: "a closed port",
    503: `a 503 with Retry-After: ${RETRY_AFTER / 1000}`,
    cut: "being accepted and cut after a second",
  };
  return [
    `${number(clients)} clients, ${down} s down, refused by ${refused[refusal]}`,
    ...(absence === "cut" ? ["also while down"] : []),
    ...(refusalCost ? [`a refusal costs ${refusalCost * 100} % of a connection`] : []),
  ].join(", ");
}

/** One line of a scenario's table. `rows` are those of `measure`. */
export function cells({ name }, { peak, whileDown, times, lost }) {
  return [
    name,
    `${(peak / PER_SECOND).toFixed(1)} ×`,
    whileDown.toFixed(1),
    ...times.map(seconds),
    lost ? number(lost) : "–",
  ];
}

/** A scenario's table under its heading. */
export function section(scenario, policies, rows, title = heading(scenario)) {
  const head = [
    "Client",
    "Peak",
    "Attempts while down",
    "50 % back",
    "99 % back",
    "100 % back",
    "Lost for good",
  ];
  return [
    `### ${title}`,
    `Lower bound: ${number(scenario.clients / PER_SECOND)} s.`,
    table(
      head,
      rows.map((row, index) => cells(policies[index], row)),
    ),
  ].join("\n\n");
}

/** The effect of a refusal's cost on the recovery: [cost, rows] each. */
export function costs(measured, policies) {
  return table(
    ["100 % back when a refusal costs", ...measured.map(([cost]) => `${cost * 100} %`)],
    policies.map(({ name }, index) => [
      name,
      ...measured.map(([, rows]) => seconds(rows[index].times[2])),
    ]),
  );
}

/** The rule of each client, and the file where we read it. */
export function rules(peers) {
  return table(
    ["Client", "Waits", "Read from"],
    peers.map(({ name, rule, source }) => [name, rule, source]),
    "---",
  );
}
