import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { root } from "../support/package/dist.ts";

const documents = [
  "README.md",
  "CHANGELOG.md",
  ".github/CONTRIBUTING.md",
  ".github/SECURITY.md",
  "demo/cluster/README.md",
  "test/tools/storm/README.md",
  ...readdirSync(join(root, "demo/guides")).map((file) => `demo/guides/${file}`),
];

/** A document without its code, where what looks like a link or a heading is none. */
const prose = (file: string): string =>
  readFileSync(join(root, file), "utf8").replace(/^ *```.*?^ *```/gms, "");

/** The anchors of a document's headings, as GitHub makes them. */
const anchors = (file: string): string[] =>
  [...prose(file).matchAll(/^#+ (.*)/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );

test.each(documents)("every link of %s leads to a file, and to a heading of it", (file) => {
  const links = [...prose(file).matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  const dead = links.filter(([, path = "", anchor]) => {
    const target = path ? relative(root, join(root, dirname(file), path)) : file;
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchors(target).includes(anchor);
  });
  expect(dead.map(([link]) => link)).toEqual([]);
});

test("the README leads to every guide", () => {
  const readme = prose("README.md");
  const guides = documents.filter((file) => file.startsWith("demo/guides/"));
  expect(guides.filter((guide) => !readme.includes(`](${guide}`))).toEqual([]);
});

test("every picture of a document is a file that is not empty", () => {
  const pictures = documents.flatMap((file) =>
    [...prose(file).matchAll(/!\[[^\]]+\]\((?!\w+:)([^)]+)\)/g)].map(([, path]) =>
      join(root, dirname(file), path!),
    ),
  );
  expect(pictures.length).toBeGreaterThan(3);
  for (const picture of pictures) expect(statSync(picture).size).toBeGreaterThan(1000);
});
