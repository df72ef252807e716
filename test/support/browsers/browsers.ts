import { existsSync, readdirSync, statSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";
import type { TestProject } from "vitest/node";
import { chromiumFlags } from "./chromium-flags.mjs";
import { PATIENCE } from "../patience.ts";
import { installPackages } from "./debian.ts";
import type { EngineName } from "./engines/engine.ts";

interface Program {
  /** Environment variables that name an executable; they come first. */
  env: string[];
  /** Usual places. A `*` matches any part of a name. */
  paths: string[];
  /** The Debian package that contains one of `paths`. */
  debianPackage: string;
}

const programs = {
  chromium: {
    env: ["CHROME_PATH", "CHROMIUM_PATH"],
    paths: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
    debianPackage: "chromium",
  },
  firefox: {
    env: ["FIREFOX_PATH"],
    paths: ["/usr/bin/firefox-esr", "/usr/bin/firefox"],
    debianPackage: "firefox-esr",
  },
  WebKitWebDriver: {
    env: ["WEBKIT_DRIVER_PATH"],
    paths: ["/usr/bin/WebKitWebDriver"],
    debianPackage: "webkit2gtk-driver",
  },
  // The package's driver depends on the library that contains it.
  MiniBrowser: {
    env: ["MINIBROWSER_PATH"],
    paths: [
      "/usr/lib/*/webkit2gtk-4.*/MiniBrowser",
      "/usr/lib/*/webkitgtk-6.*/MiniBrowser",
      "/usr/libexec/webkit2gtk-4.*/MiniBrowser",
    ],
    debianPackage: "webkit2gtk-driver",
  },
  Xvfb: {
    env: ["XVFB_PATH"],
    paths: ["/usr/bin/Xvfb"],
    debianPackage: "xvfb",
  },
} satisfies Record<string, Program>;

type ProgramName = keyof typeof programs;

/** The existing paths that match a pattern. */
function expand(pattern: string): string[] {
  const [, ...parts] = pattern.split("/");
  const matching = (folder: string, part: string): string[] => {
    if (!part.includes("*")) return [`${folder}/${part}`].filter(existsSync);
    const name = new RegExp(`^${part.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
    if (!statSync(folder).isDirectory()) return [];
    return readdirSync(folder).flatMap((entry) => (name.test(entry) ? [`${folder}/${entry}`] : []));
  };
  return parts.reduce<string[]>(
    (folders, part) => folders.flatMap((folder) => matching(folder, part)),
    [""],
  );
}

function find({ env, paths }: Program): string | undefined {
  const named = env.map((name) => process.env[name]).find((path) => path && existsSync(path));
  return named ?? paths.flatMap(expand)[0];
}

/** The path of a program, which is installed if needed and possible. */
function provide(program: Program): string | undefined {
  const path = find(program);
  if (path) return path;
  installPackages(program.debianPackage);
  return find(program);
}

/** The path of a program that browser tests need. As root on Debian it is installed if needed. */
export function browserPath(name: ProgramName): string {
  const program: Program = programs[name];
  const path = provide(program);
  if (path) return path;
  throw new Error(
    `No ${name} for the browser tests: install the package "${program.debianPackage}" (apt-get install ${program.debianPackage}), ` +
      `or set ${program.env.join(" or ")} to the path of an executable.`,
  );
}

/** A Chromium that makes no connections of its own. The caller closes it. */
export async function launchChromium(executablePath = browserPath("chromium")): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: chromiumFlags,
    timeout: PATIENCE,
  });
}

/** The programs that the tests of an engine run. */
const engines: Record<EngineName, ProgramName[]> = {
  chromium: ["chromium"],
  firefox: ["firefox"],
  webkit: ["WebKitWebDriver", "MiniBrowser", "Xvfb"],
};

/**
 * Vitest's global setup of a project with a browser: one installation before any test file starts.
 * An error here would end the whole run, including tests without a browser, so each test that needs
 * it reports what is missing.
 */
export function setup(project: TestProject): void {
  const { engine = "chromium" } = project.getProvidedContext() as { engine?: EngineName };
  for (const name of engines[engine]) provide(programs[name]);
}
