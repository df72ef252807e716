import { describe, expect, test } from "vitest";
import { compile, compilers, projects } from "../support/package/compile.ts";

describe.each(Object.keys(compilers) as (keyof typeof compilers)[])(
  "the %s TypeScript",
  (compiler) => {
    test.each(Object.keys(projects) as (keyof typeof projects)[])(
      "accepts test/types in a project with %s",
      (project) => {
        expect(compile(compiler, project)).toBe("");
      },
    );

    test.each(Object.keys(projects) as (keyof typeof projects)[])(
      "finds the payloads in the adapters in a project with %s",
      (project) => {
        expect(
          compile(compiler, project, { folder: "adapters", packages: ["vue", "svelte"] }),
        ).toBe("");
      },
    );

    // arktype has no CommonJS.
    test.each(["bundler", "node16 ESM"] as const)(
      "finds the payloads of zod, valibot and arktype in a project with %s",
      (project) => {
        expect(
          compile(compiler, project, {
            folder: "validators",
            packages: ["zod", "valibot", "arktype"],
          }),
        ).toBe("");
      },
    );
  },
);
