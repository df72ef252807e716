import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LONGEST_DELAY } from "../../src/util/sleep.ts";
import { root } from "../support/package/dist.ts";
import { section, table } from "../support/package/markdown.ts";

const security = readFileSync(`${root}/.github/SECURITY.md`, "utf8");
const [, ...bounds] = table(section(security, "What is bounded"));

/** A constant of a file in src, as its expression has it. */
function constant(file: string, name: string): number {
  const [, expression] = new RegExp(`\\b${name}(?: =|:) ([\\d_* ]+)[;,} ]`).exec(
    readFileSync(`${root}/src/${file}`, "utf8"),
  )!;
  return expression!
    .replaceAll("_", "")
    .split(/ \* (?=\d)/)
    .map((factor) => factor.split("**").map(Number))
    .reduce((product, [base, exponent = 1]) => product * base! ** exponent, 1);
}

test.each<[what: string, over: string, constants: [file: string, name: string, unit: number][]]>([
  [
    "an unfinished event",
    "fetch, polyfill",
    [
      ["transport/http/parser.ts", "LONGEST_EVENT", 1],
      ["transport/http/parser.ts", "PIECE_OVERHEAD", 1],
    ],
  ],
  ["an event id", "every transport", [["transport/resume.ts", "LONGEST_ID", 1]]],
  [
    "the text of a refusal, error.body",
    "fetch",
    [["transport/http/response-checks.ts", "LONGEST_TEXT", 1]],
  ],
  [
    "the text of one response",
    "polyfill",
    [["transport/polyfill/polyfill-fetch.ts", "LONGEST_RESPONSE", 1]],
  ],
  [
    "events that wait for a slow iterate() loop",
    "every transport",
    [["events/iterate.ts", "DEFAULT_LIMIT", 1]],
  ],
  [
    "events that wait for a batched() listener",
    "every transport",
    [["events/batched.ts", "LARGEST_BATCH", 1]],
  ],
  [
    "events that a leader keeps for tabs that join",
    "sharedTransport()",
    [
      ["sharing/history.ts", "events", 1],
      ["sharing/history.ts", "characters", 1],
    ],
  ],
  [
    "events that a follower holds until it is in sync",
    "sharedTransport()",
    [
      ["sharing/sequence.ts", "PENDING_LIMIT", 1],
      ["sharing/sequence.ts", "EVENT_OVERHEAD", 1],
      ["sharing/catch-up.ts", "DEADLINE", 1000],
    ],
  ],
])("SECURITY: the bound of %s is that of the code", (what, over, constants) => {
  const [, bound] = bounds.find(([name, , where]) => name === what && where === over)!;
  const numbers = bound!
    .replaceAll(/(?<=\d),(?=\d{3})/g, "")
    .match(/\d+/g)!
    .map(Number);
  expect(numbers).toEqual(constants.map(([file, name, unit]) => constant(file, name) / unit));
});

test("SECURITY: a wait is within what the code allows", () => {
  expect(LONGEST_DELAY).toBe(2 ** 31 - 1);
  expect(constant("connection/backoff.ts", "SHORTEST_DELAY")).toBe(100);
  expect(constant("sharing/follower.ts", "SHORTEST_WAIT")).toBe(100);
});

test("SECURITY names tests that exist", () => {
  const named = [...security.matchAll(/`(?:test\/unit\/sharing\/)?([\w.-]+\.test\.ts)`/g)];
  const files = readdirSync(`${root}/test/unit/sharing`);
  expect(named.length).toBeGreaterThan(1);
  for (const [, file] of named) expect(files).toContain(file);
});
