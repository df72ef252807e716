import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile, compilers, projects } from "../support/compile.ts";
import { root } from "../support/dist.ts";

describe.each(Object.keys(compilers) as (keyof typeof compilers)[])("the %s TypeScript", (compiler) => {
  test.each(Object.keys(projects) as (keyof typeof projects)[])("accepts test/types in a project with %s", (project) => {
    expect(compile(join(root, "test/types"), compiler, project)).toBe("");
  });
});
