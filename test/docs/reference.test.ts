// @module-tag slow
import { ReflectionKind } from "typedoc";
import { expect, test } from "vitest";
import { entries } from "../../rollup.config.mjs";
import { readReference } from "./reference.mjs";

test("the reference is made without a warning, and has every entry", async () => {
  const { project, problems } = await readReference();
  expect(problems).toEqual([]);
  const modules = project!.getChildrenByKind(ReflectionKind.Module);
  expect(modules.map(({ name }) => name).sort()).toEqual(Object.keys(entries).sort());
  for (const { name, children } of modules)
    expect([name, children?.length]).toEqual([name, expect.any(Number)]);
});
