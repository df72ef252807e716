import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";
import { chromiumFlags } from "./chromium-flags.mjs";

interface BrowserRow {
  /** Environment variables that name an executable, looked at first. */
  env: string[];
  paths: string[];
  /** The Debian package that brings one of `paths`. */
  debianPackage: string;
}

const browsers = {
  chromium: {
    env: ["CHROME_PATH", "CHROMIUM_PATH"],
    paths: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
    debianPackage: "chromium",
  },
} satisfies Record<string, BrowserRow>;

export type BrowserName = keyof typeof browsers;

function find({ env, paths }: BrowserRow): string | undefined {
  return [...env.map((name) => process.env[name]), ...paths].find((path) => path && existsSync(path));
}

function install({ debianPackage }: BrowserRow): void {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const run = (...args: string[]) =>
    execFileSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  run("update");
  run("install", "-y", "--no-install-recommends", debianPackage);
}

/** The path of the browser's executable; as root on Debian it is installed if need be. */
export function browserPath(name: BrowserName): string {
  const row: BrowserRow = browsers[name];
  let path = find(row);
  if (!path) {
    install(row);
    path = find(row);
  }
  if (path) return path;
  throw new Error(
    `No ${name} for the browser tests: install the package "${row.debianPackage}" (apt-get install ${row.debianPackage}), ` +
      `or set ${row.env.join(" or ")} to the path of an executable.`,
  );
}

/** A Chromium that makes no connections of its own. The caller closes it. */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath("chromium"),
    args: chromiumFlags,
  });
}

/** Vitest's global setup of the browser project: one installation, before any test file starts. */
export function setup(): void {
  for (const name of Object.keys(browsers) as BrowserName[]) browserPath(name);
}
