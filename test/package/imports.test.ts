import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { root } from "../support/package/dist.ts";

/**
 * The directions of imports, from the top to the bottom: the first row that fits a file says what
 * it may import of ours. Types count like values, since a reader has to follow them, too.
 */
const directions: [files: RegExp, mayImport: RegExp][] = [
  [/^(index|cdn|testing|adapters\/.+)\.ts$/, /./],
  [/^(resilient-eventsource|source-core)\.ts$/, /./],
  [/^(errors\.ts|util\/.+|connection\/gate\.ts)$/, /^util\//],
  // The words that a transport and a source have in common.
  [/^connection\/state\.ts$/, /^(errors|connection\/gate)\.ts$/],
  // Options: they know the types of the folders below, not their code.
  [/^options\.ts$/, /^(connection\/retry|transport\/(transport|resume))\.ts$/],
  [/^option-checks\.ts$/, /^(events\/decoders|options|util\/sleep)\.ts$/],
  [
    /^events\//,
    /^(events\/.+|util\/.+|(errors|options|connection\/state|transport\/transport)\.ts)$/,
  ],
  [
    /^connection\//,
    /^(connection\/.+|util\/.+|(errors|options|transport\/(call-transport|transport))\.ts)$/,
  ],
  [/^page\//, /^(page\/.+|util\/.+|connection\/gate\.ts)$/],
  [
    /^sharing\//,
    /^(sharing\/.+|util\/.+|(errors|connection\/state|transport\/(auto|call-transport|transport))\.ts)$/,
  ],
  [/^transport\//, /^(transport\/.+|util\/.+|(errors|connection\/state)\.ts)$/],
];

/** Nothing below imports these; the entries and adapters alone import the class. */
const top = /^(index|cdn|testing|adapters\/.+|resilient-eventsource)\.ts$/;
const entries = /^(index|cdn|testing|adapters\/.+)\.ts$/;

/** Every source file, with the files of ours it imports. */
const imports = new Map(
  readdirSync(`${root}/src`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => {
      const { importedFiles } = ts.preProcessFile(
        readFileSync(`${root}/src/${file}`, "utf8"),
        true,
        true,
      );
      const ours = importedFiles.filter(({ fileName }) => fileName.startsWith("."));
      return [file, ours.map(({ fileName }) => posix.join(posix.dirname(file), fileName))];
    }),
);

describe.each([...imports])("%s", (file, imported) => {
  test("imports in the right direction only", () => {
    const [, mayImport] = directions.find(([files]) => files.test(file))!;
    expect(
      imported.filter(
        (target) => !mayImport.test(target) || (top.test(target) && !entries.test(file)),
      ),
    ).toEqual([]);
  });

  test("is in no import cycle", () => {
    expect(pathBackTo(file)).toBeUndefined();
  });
});

/** The shortest way from a file's imports back to the file itself. */
function pathBackTo(start: string): string | undefined {
  const seen = new Set<string>();
  let paths = [[start]];
  while (paths.length > 0) {
    paths = paths.flatMap((path) =>
      (imports.get(path.at(-1)!) ?? []).map((next) => [...path, next]),
    );
    const cycle = paths.find((path) => path.at(-1) === start);
    if (cycle) return cycle.join(" → ");
    paths = paths.filter((path) => !seen.has(path.at(-1)!) && seen.add(path.at(-1)!));
  }
  return undefined;
}
