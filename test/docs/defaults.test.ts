import { readFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";
import { defaults } from "../../src/options.ts";
import { root } from "../support/package/dist.ts";

const file = ts.createSourceFile(
  "options.ts",
  readFileSync(`${root}/src/options.ts`, "utf8"),
  ts.ScriptTarget.ESNext,
  true,
);

/** The docstrings of an interface's members, by name, each on one line. */
function docstrings(name: string): Map<string, string> {
  const found = file.statements.find(
    (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  ) as ts.InterfaceDeclaration;
  return new Map(
    found.members.map((member) => [
      member.name!.getText(),
      ts
        .getJSDocCommentsAndTags(member)
        .map((comment) => comment.getText().replace(/\s*\n\s*\*\s*/g, " "))
        .join(" "),
    ]),
  );
}

const { backoff, ...others } = defaults;
const members = [
  ["BackoffOptions", backoff],
  ["ResilientEventSourceOptions", others],
] as const;

const promised = members.flatMap(([name, values]) => {
  const texts = docstrings(name);
  return Object.entries(values).map(
    ([member, value]) => [member, value, texts.get(member)!] as const,
  );
});

test.each(promised)("the docstring of %s says that its default is %j", (_member, value, text) => {
  const shown = /\bDefault (`?"\w*"`?|[\w.,]*\w)/.exec(text)![1]!.replaceAll("`", "");
  expect(shown.replaceAll(",", "")).toBe(
    typeof value === "string" ? JSON.stringify(value) : String(value),
  );
});

test("every other option says what its default is", () => {
  const all = members.flatMap(([name]) => [...docstrings(name)]);
  expect(all.filter(([, text]) => !/\bDefault\b/.test(text))).toEqual([]);
});
