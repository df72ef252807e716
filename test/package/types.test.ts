import { describe, expect, test } from "vitest";
import { compile, compilers, projects } from "../support/package/compile.ts";

/** The projects that differ most: `npm test` has these, for our own types. */
const quick = ["newest bundler", "oldest node16 CommonJS"];

describe.each(Object.keys(compilers) as (keyof typeof compilers)[])(
  "the %s TypeScript",
  (compiler) => {
    for (const project of Object.keys(projects) as (keyof typeof projects)[]) {
      const tags = quick.includes(`${compiler} ${project}`) ? [] : (["slow"] as const);
      test(`accepts test/types in a project with ${project}`, { tags: [...tags] }, () => {
        expect(compile(compiler, project)).toBe("");
      });
    }

    test.each(Object.keys(projects) as (keyof typeof projects)[])(
      "finds the payloads in the adapters in a project with %s",
      { tags: "slow" },
      (project) => {
        expect(
          compile(compiler, project, { folder: "adapters", packages: ["vue", "svelte"] }),
        ).toBe("");
      },
    );

    // arktype has no CommonJS.
    test.each(["bundler", "node16 ESM"] as const)(
      "finds the payloads of zod, valibot and arktype in a project with %s",
      { tags: "slow" },
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

/** Releases of `@types/node`; `npm test` has the newest one, with declarations checked. */
const nodeTypes = ["types-node-18", "@types/node", "types-node-22", "types-node-newest"];

describe("without lib DOM the types hold", () => {
  for (const types of nodeTypes)
    for (const skipLibCheck of [false, true]) {
      const isQuick = types === "types-node-newest" && !skipLibCheck;
      const tags = isQuick ? [] : (["slow"] as const);
      test(`with ${types}, skipLibCheck ${skipLibCheck}`, { tags: [...tags] }, () => {
        const fixtures = { folder: "no-dom", nodeTypes: types, skipLibCheck };
        expect(compile("newest", "node16 ESM", fixtures)).toBe("");
      });
    }
});
