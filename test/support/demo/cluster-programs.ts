import { existsSync, rmSync, writeFileSync } from "node:fs";
import { findPrograms, MissingPrograms } from "../../../demo/cluster/programs.mjs";
import { installPackages, isRootOnDebian } from "../browsers/debian.ts";

const POLICY = "/usr/sbin/policy-rc.d";

/**
 * Vitest's global setup of the cluster project: as root on Debian the programs are installed if
 * needed; elsewhere the tests report what is missing.
 */
export function setup(): void {
  try {
    findPrograms();
  } catch (error) {
    if (!(error instanceof MissingPrograms)) throw error;
    if (isRootOnDebian()) install(error.missing);
  }
}

/** Installs Debian's packages without the services that Debian would start afterwards. */
function install(packages: string[]): void {
  // The machine may have a policy already.
  const ours = !existsSync(POLICY);
  // 101: "action forbidden by policy", see invoke-rc.d(8).
  if (ours) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    installPackages(...packages);
  } finally {
    if (ours) rmSync(POLICY);
  }
}
