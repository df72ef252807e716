import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { root } from "../support/package/dist.ts";

const contributing = readFileSync(`${root}/.github/CONTRIBUTING.md`, "utf8");

test("CONTRIBUTING names every command, and no other", () => {
  const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as {
    scripts: object;
  };
  const named = [...contributing.matchAll(/^\| `npm (?:run )?([\w:]+)`/gm)].map(
    ([, script]) => script!,
  );
  expect(named.sort()).toEqual(Object.keys(scripts).sort());
});

test("CONTRIBUTING names only files that exist", () => {
  const files = [...contributing.matchAll(/`((?:src|test|demo)\/[\w/.-]*)`/g)].map(
    ([, file]) => file!,
  );
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((file) => !existsSync(`${root}/${file}`))).toEqual([]);
});

test("the changelog has the current version", () => {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as {
    version: string;
  };
  expect(readFileSync(`${root}/CHANGELOG.md`, "utf8")).toMatch(
    new RegExp(`^## \\[${version}\\] - \\d{4}-\\d\\d-\\d\\d$|^To be released as ${version}`, "m"),
  );
});
