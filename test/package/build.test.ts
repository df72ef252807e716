import { parse } from "acorn";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { entries } from "../../rollup.config.mjs";
import { dist, root } from "../support/package/dist.ts";

const builds = [".js", ".cjs"];
const modules = Object.keys(entries).flatMap((name) => builds.map((build) => name + build));

/** The directives at the start of a built file: `"use client"` counts only as one of them. */
function directivesOf(file: string): string[] {
  const sourceType = file.endsWith(".cjs") ? "script" : "module";
  const { body } = parse(readFileSync(dist(file), "utf8"), { ecmaVersion: 2020, sourceType });
  return body.flatMap((statement) =>
    statement.type === "ExpressionStatement" && statement.directive !== undefined
      ? [statement.directive]
      : [],
  );
}

test.each(modules)('dist/%s has "use client" only if it is the React entry', (file) => {
  expect(directivesOf(file).includes("use client")).toBe(file.startsWith("react."));
});

test.each(modules)("the private members of dist/%s have the names of the source", (file) => {
  const sources = readdirSync(`${root}/src`, { recursive: true, encoding: "utf8" })
    .filter((source) => source.endsWith(".ts"))
    .map((source) => readFileSync(`${root}/src/${source}`, "utf8"));
  const namesIn = (text: string): Set<string> =>
    new Set([...text.matchAll(/\bthis\.(_\w+)/g)].map(([, name]) => name!));
  const known = namesIn(sources.join());
  expect([...namesIn(readFileSync(dist(file), "utf8"))].filter((name) => !known.has(name))).toEqual(
    [],
  );
});
