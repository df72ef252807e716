import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./dist.ts";

/** A JavaScript runtime that npm brings: the package of its binary, and how it runs a script. */
export interface Runtime {
  readonly name: string;
  readonly spec: string;
  readonly binary: string;
  readonly args: readonly string[];
}

const platform = `${process.platform}-${process.arch}`;

const node = (version: string): Runtime => ({
  name: `Node ${version}`,
  spec: `node-${platform}@${version}`,
  binary: `node-${platform}/bin/node`,
  args: [],
});

/** The oldest Node that package.json allows, and runtimes other than the one that runs the tests. */
export const runtimes: readonly Runtime[] = [
  node("18.20.8"),
  node("22.23.3"),
  {
    name: "Bun",
    spec: `@oven/bun-${platform.replace("arm64", "aarch64")}@1.4.5`,
    binary: `@oven/bun-${platform.replace("arm64", "aarch64")}/bin/bun`,
    args: [],
  },
  {
    name: "Deno",
    spec: `@deno/${platform}${process.platform === "linux" ? "-glibc" : ""}@2.9.6`,
    binary: `@deno/${platform}${process.platform === "linux" ? "-glibc" : ""}/deno`,
    args: ["run", "--allow-all"],
  },
];

/**
 * The path of a runtime's binary. It is installed once, outside of package.json: `npm ci` would
 * otherwise fetch half a gigabyte for one test, and nothing at all on another platform.
 */
export function install({ spec, binary }: Runtime): string {
  const folder = join(root, "node_modules/.cache/runtimes", spec.replace(/\W/g, "-"));
  const path = join(folder, "node_modules", binary);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    execFileSync("npm", ["install", "--no-save", "--ignore-scripts", "--prefix", folder, spec], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return path;
}
