import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dist, root } from "./dist.ts";

/** The package as `npm publish` would send it. */
export function pack(): Uint8Array {
  return inTemporaryFolder((folder) => readFileSync(packInto(folder)));
}

/** Unpacks the package into `folder`/node_modules, as `npm install` would. */
export function installInto(folder: string): void {
  const target = join(folder, "node_modules", "resilient-eventsource");
  mkdirSync(target, { recursive: true });
  execFileSync("tar", ["-xzf", packInto(folder), "-C", target, "--strip-components=1"]);
}

/**
 * Runs `use` with a new folder outside the repository, where nothing resolves by accident, and
 * removes the folder afterwards.
 */
export function inTemporaryFolder<Result>(use: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "resilient-eventsource-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function packInto(folder: string): string {
  dist("index.js");
  const json = execFileSync(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--offline", "--pack-destination", folder],
    {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const [{ filename }] = JSON.parse(json) as [{ filename: string }];
  return join(folder, filename);
}
