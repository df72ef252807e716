// @module-tag slow
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { ReflectionKind } from "typedoc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entries } from "../../rollup.config.mjs";
import { documents, readReference } from "./reference.mjs";

type Reference = Awaited<ReturnType<typeof readReference>>;
let reference: Reference;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "resilient-eventsource-docs-"));
  reference = await readReference();
  await reference.app.generateDocs(reference.project!, folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("the reference is made without a warning, and has every entry and every guide", () => {
  const { project, problems } = reference;
  expect(problems).toEqual([]);
  const modules = project!.getChildrenByKind(ReflectionKind.Module);
  expect(modules.map(({ name }) => name).sort()).toEqual(Object.keys(entries).sort());
  for (const { name, children } of modules)
    expect([name, children?.length]).toEqual([name, expect.any(Number)]);
  expect(project!.documents?.length).toBe(documents.length);
});

test("every link of the site leads to a page of it, and to a place on that page", () => {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const pages = new Map(
    files
      .filter((file) => file.endsWith(".html"))
      .map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );
  const dead: string[] = [];
  let count = 0;
  for (const [file, html] of pages) {
    const ids = (page: string): string => pages.get(page)!;
    for (const [, link = ""] of html.matchAll(/ (?:href|src)="([^"]*)"/g)) {
      if (/^(\w+:|\/\/)/.test(link)) continue;
      count++;
      const [path = "", anchor] = link.split("#");
      const target = path ? posix.join(posix.dirname(file), decodeURI(path)) : file;
      const isThere =
        existsSync(join(folder, target)) &&
        (!anchor || !pages.has(target) || ids(target).includes(`id="${decodeURI(anchor)}"`));
      if (!isThere) dead.push(`${file}: ${link}`);
    }
  }
  expect(count).toBeGreaterThan(1000);
  expect(dead).toEqual([]);
});
