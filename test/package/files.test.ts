import { createPackageFromTarballData } from "@arethetypeswrong/core";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { cdn } from "../../rollup.config.mjs";
import { dist, root } from "../support/package/dist.ts";
import { pack } from "../support/package/pack.ts";
import { integrity, scriptTag } from "./sri.mjs";

/** Bytes of the tarball: what is there now, rounded up, so that growth is a decision. */
const BUDGET = 435_000;

const tarball = pack();
const packed = createPackageFromTarballData(tarball);
const files = packed
  .listFiles()
  .map((path) => posix.relative("/node_modules/resilient-eventsource", path));
const read = (file: string): string =>
  packed.readFile(`/node_modules/resilient-eventsource/${file}`);

test("the tarball stays small", () => {
  console.log(`the tarball: ${tarball.length} of ${BUDGET} bytes`);
  expect(tarball.length).toBeLessThanOrEqual(BUDGET);
});

test("every file is reached from package.json, is a guide, or belongs to every package", () => {
  const found = new Set([
    "package.json",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "dist/THIRD-PARTY-NOTICES.txt",
    ...readdirSync(`${root}/demo/guides`).map((guide) => `demo/guides/${guide}`),
  ]);
  const reach = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    if (!/\.c?[jt]s$/.test(file)) return;
    const text = read(file);
    // Declarations have no `import()`; JavaScript may also have what only looks like one.
    const imported = file.endsWith("ts")
      ? ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
      : [...text.matchAll(/(?:from|import|require)\s*\(?\s*(["'])(\..+?)\1/g)].map(
          ([, , path]) => path!,
        );
    const map = /^\/\/# sourceMappingURL=(.+)$/m.exec(text)?.[1];
    for (const path of [
      ...imported.filter((name) => name.startsWith(".")),
      ...(map ? [map] : []),
    ]) {
      const target = posix.join(posix.dirname(file), path);
      // A declaration names the JavaScript beside it.
      reach(/\.d\.c?ts$/.test(file) ? target.replace(/(\.c?)js$/, ".d$1ts") : target);
    }
  };
  for (const [, file] of read("package.json").matchAll(/"\.\/(dist\/[^"]+)"/g)) reach(file!);
  expect(files.sort()).toEqual([...found].sort());
});

describe("a source map", () => {
  test.each(files.filter((file) => file.endsWith(".map")))(
    "%s has the text of its sources, which are not in the package",
    (file) => {
      const { sources, sourcesContent } = JSON.parse(read(file)) as {
        sources: string[];
        sourcesContent: (string | null)[];
      };
      expect(sources.length).toBeGreaterThan(0);
      expect(sourcesContent).toHaveLength(sources.length);
      expect(sourcesContent).not.toContain(null);
      expect(sources.filter((source) => posix.isAbsolute(source) || source.includes(":"))).toEqual(
        [],
      );
    },
  );
});

describe("the integrity of the script-tag file", () => {
  test("is computed as the standard has it", () => {
    // The example of https://www.w3.org/TR/SRI/
    expect(integrity("alert('Hello, world.');")).toBe(
      "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO",
    );
  });

  test("is that of the published file", () => {
    expect(readFileSync(dist(posix.basename(cdn.file)), "utf8")).toBe(read(cdn.file));
    expect(scriptTag()).toContain(` integrity="${integrity(read(cdn.file))}" `);
    expect(scriptTag()).toContain(
      `@${(JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string }).version}/`,
    );
  });
});
