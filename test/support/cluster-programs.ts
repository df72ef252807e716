import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { findPrograms, MissingPrograms } from "../../demo/cluster/programs.mjs";
import { browserPath } from "./browsers.ts";

const POLICY = "/usr/sbin/policy-rc.d";

/** Installs Debian's packages, and leaves none of the services running that Debian starts after an installation. */
function install(packages: string[]): void {
  const run = (...args: string[]) =>
    execFileSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  run("update");
  // Who administers this machine may have a policy already.
  const ours = !existsSync(POLICY);
  // 101: "action forbidden by policy", see invoke-rc.d(8).
  if (ours) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    run("install", "-y", "--no-install-recommends", ...packages);
  } finally {
    if (ours) rmSync(POLICY);
  }
}

/** Vitest's global setup of the cluster project: as root on Debian the programs are installed if need be; elsewhere it says what is missing. */
export function setup(): void {
  browserPath("chromium");
  try {
    findPrograms();
  } catch (error) {
    if (!(error instanceof MissingPrograms) || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) throw error;
    install(error.missing);
    findPrograms();
  }
}
