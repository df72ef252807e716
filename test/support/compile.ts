import { execFileSync } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { inTemporaryFolder, installInto } from "./pack.ts";

const require = createRequire(import.meta.url);

/** TypeScript as users have it: the newest we know, and the oldest that the README promises. */
export const compilers = { newest: "typescript", oldest: "typescript-oldest" };

/** How a user's project looks packages up; what `type` its package.json has decides what a .ts file is there. */
export const projects = {
  bundler: { type: "module", options: { module: "ESNext", moduleResolution: "Bundler" } },
  "node16 ESM": { type: "module", options: { module: "Node16", moduleResolution: "Node16" } },
  "node16 CommonJS": { type: "commonjs", options: { module: "Node16", moduleResolution: "Node16" } },
};

/** Type-checks the files of a folder in a project where the packed package is installed. Returns what tsc complains about: "" is right. */
export function compile(fixtures: string, compiler: keyof typeof compilers, project: keyof typeof projects): string {
  const { type, options } = projects[project];
  return inTemporaryFolder((folder) => {
    installInto(folder);
    cpSync(fixtures, join(folder, "fixtures"), { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type }));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ include: ["fixtures"], compilerOptions: { ...common, ...options } }));
    try {
      execFileSync(process.execPath, [require.resolve(`${compilers[compiler]}/bin/tsc`), "-p", folder], { cwd: folder, encoding: "utf8" });
      return "";
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  });
}

const common = {
  target: "ES2022",
  lib: ["ES2022", "DOM", "DOM.Iterable"],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  skipLibCheck: false,
};
