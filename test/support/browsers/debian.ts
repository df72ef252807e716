import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/** True if Debian's packages can be installed here. */
export function isRootOnDebian(): boolean {
  return process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
}

/**
 * Installs packages where that is possible. After a failure, which apt-get explains, it does not
 * try again, not even in other processes of the same run.
 */
export function installPackages(...names: string[]): void {
  const mark = `NOT_INSTALLED_${names.join("_")}`;
  if (process.env[mark] || !isRootOnDebian()) return;
  const run = (...args: string[]) =>
    execFileSync("apt-get", args, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  try {
    run("update");
    run("install", "-y", "--no-install-recommends", ...names);
  } catch {
    process.env[mark] = "true";
  }
}
