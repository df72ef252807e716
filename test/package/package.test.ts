import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { readdirSync, readFileSync } from "node:fs";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { expect, test } from "vitest";
import { frameworks } from "../../rollup.config.mjs";
import { dist } from "../support/package/dist.ts";
import { pack } from "../support/package/pack.ts";

test("publint has nothing to say", async () => {
  const tarball = pack().buffer as ArrayBuffer;
  const { messages, pkg } = await publint({ level: "suggestion", strict: true, pack: { tarball } });
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
});

test("the types are right for every way of resolving them (attw)", async () => {
  const result = await checkPackage(createPackageFromTarballData(pack()));
  expect(result.types && result.problems).toEqual([]);
});

test("nothing is imported from outside dist but the frameworks, by their adapters", () => {
  const outside = readdirSync(dist("."))
    .filter((file) => /\.(c?js|d\.c?ts)$/.test(file))
    .flatMap((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(dist(file), "utf8"), true, true);
      const framework = /^(react|svelte|vue)\./.exec(file)?.[1];
      return importedFiles
        .filter(
          ({ fileName }) =>
            !fileName.startsWith("./") &&
            !(frameworks.includes(fileName) && fileName.split("/")[0] === framework),
        )
        .map(({ fileName }) => `${file} → ${fileName}`);
    });
  expect(outside).toEqual([]);
});

test("every package that is bundled has its licence text in the notices", () => {
  const notices = readFileSync(dist("THIRD-PARTY-NOTICES.txt"), "utf8");
  for (const name of ["exponential-backoff", "eventsource-polyfill", "@standard-schema/spec"])
    expect(notices).toMatch(new RegExp(`^${name} \\d.*\\((MIT|Apache-2.0)\\)$`, "m"));
  expect(notices.match(/MIT License|Apache License/g)?.length).toBeGreaterThanOrEqual(3);
});
