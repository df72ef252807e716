import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { root } from "./dist.ts";
import { inTemporaryFolder, installInto } from "./pack.ts";

const require = createRequire(import.meta.url);

/**
 * TypeScript as users have it: the newest version we know, and the oldest that the README promises.
 */
export const compilers = { newest: "typescript", oldest: "typescript-oldest" };

/**
 * How a user's project looks packages up. The `type` of its package.json decides what kind of
 * module a .ts file is.
 */
export const projects = {
  bundler: { type: "module", options: { module: "ESNext", moduleResolution: "Bundler" } },
  "node16 ESM": { type: "module", options: { module: "Node16", moduleResolution: "Node16" } },
  "node16 CommonJS": {
    type: "commonjs",
    options: { module: "Node16", moduleResolution: "Node16" },
  },
};

export interface Fixtures {
  /** A folder in test/types, instead of the files in test/types itself. */
  folder?: string;
  /** Packages that they import in addition to ours. */
  packages?: readonly string[];
  /** The package that stands for `@types/node`, in a project whose `lib` has no DOM. */
  nodeTypes?: string;
  /** Leaves declarations unchecked. Default: if there are `packages`. */
  skipLibCheck?: boolean;
  /** Further files of the folder, by name. */
  sources?: Readonly<Record<string, string>>;
}

/**
 * Type-checks test/types in a project with the packed package installed: its own files, or those of
 * a folder in it, which may use `packages`. Returns the errors of tsc: "" if there are none.
 */
export function compile(
  compiler: keyof typeof compilers,
  project: keyof typeof projects,
  {
    folder: fixtures = "",
    packages = [],
    nodeTypes,
    skipLibCheck = packages.length > 0,
    sources = {},
  }: Fixtures = {},
): string {
  const { type, options } = projects[project];
  // Errors in the declarations of other packages are not ours: those of zod and arktype need
  // TypeScript 5.4.
  const compilerOptions = {
    ...common,
    ...options,
    ...(nodeTypes ? { lib: ["ES2022"], types: ["node"] } : {}),
    skipLibCheck,
  };
  return inTemporaryFolder((folder) => {
    installInto(folder);
    const links = packages.map((name) => [name, name] as const);
    for (const [name, target] of nodeTypes ? [...links, ["@types/node", nodeTypes]] : links) {
      const link = join(folder, "node_modules", name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, "node_modules", target), link, "dir");
    }
    cpSync(join(root, "test/types"), join(folder, "types"), { recursive: true });
    for (const [name, source] of Object.entries(sources)) {
      mkdirSync(join(folder, "types", fixtures), { recursive: true });
      writeFileSync(join(folder, "types", fixtures, name), source);
    }
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type }));
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        include: [join("types", fixtures, "*.ts"), join("types", fixtures, "*.tsx")],
        compilerOptions,
      }),
    );
    try {
      execFileSync(
        process.execPath,
        [require.resolve(`${compilers[compiler]}/bin/tsc`), "-p", folder],
        { cwd: folder, encoding: "utf8" },
      );
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
  allowImportingTsExtensions: true,
  jsx: "react-jsx",
};
