import { beforeEach, expect, test, vi } from "vitest";
import type { TestProject } from "vitest/node";
import { browserPath, setup } from "./browsers.ts";
import type { EngineName } from "./engines/engine.ts";

// A fake machine: the paths of its files, and an apt-get that adds some.

const machine = vi.hoisted(() => ({
  files: new Set<string>(),
  installed: [] as string[],
  tries: 0,
  hasNetwork: true,
}));

const packages: Record<string, string[]> = {
  chromium: ["/usr/bin/chromium"],
  "firefox-esr": ["/usr/bin/firefox-esr"],
  "webkit2gtk-driver": [
    "/usr/bin/WebKitWebDriver",
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
  ],
  xvfb: ["/usr/bin/Xvfb"],
};

vi.mock("node:fs", () => {
  const within = (folder: string): string[] =>
    [...machine.files].filter((file) => file.startsWith(`${folder}/`));
  return {
    existsSync: (path: string) => machine.files.has(path) || within(path).length > 0,
    statSync: (path: string) => ({ isDirectory: () => within(path).length > 0 }),
    readdirSync: (path: string) => [
      ...new Set(within(path).map((file) => file.slice(path.length + 1).split("/")[0])),
    ],
  };
});
vi.mock("node:child_process", () => ({
  execFileSync(command: string, args: string[]) {
    machine.tries++;
    if (!machine.hasNetwork) throw new Error(`Command failed: ${command} ${args.join(" ")}`);
    const name = args.at(-1)!;
    if (args[0] !== "install") return;
    machine.installed.push(name);
    for (const file of packages[name]!) machine.files.add(file);
  },
}));

/** Vitest's global setup of a project. */
const setUp = (engine: EngineName): void =>
  setup({ getProvidedContext: () => ({ engine }) } as unknown as TestProject);

const programs = ["chromium", "firefox", "WebKitWebDriver", "MiniBrowser", "Xvfb"] as const;

let user: number;
beforeEach(() => {
  user = 0;
  vi.spyOn(process, "getuid").mockImplementation(() => user);
  for (const name of [
    "CHROME_PATH",
    "CHROMIUM_PATH",
    "FIREFOX_PATH",
    "WEBKIT_DRIVER_PATH",
    "MINIBROWSER_PATH",
    "XVFB_PATH",
  ])
    vi.stubEnv(name, undefined);
  for (const name of Object.keys(packages)) vi.stubEnv(`NOT_INSTALLED_${name}`, undefined);
  Object.assign(machine, {
    files: new Set(["/usr/bin/apt-get", "/usr/lib/locale/C.utf8"]),
    installed: [],
    tries: 0,
    hasNetwork: true,
  });
  return () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  };
});

test.each<[EngineName, string[]]>([
  ["chromium", ["chromium"]],
  ["firefox", ["firefox-esr"]],
  ["webkit", ["webkit2gtk-driver", "xvfb"]],
])("as root on Debian, the tests in %s install what they need, once", (engine, expected) => {
  setUp(engine);
  setUp(engine);
  expect(machine.installed).toEqual(expected);
});

test("a program that exists is used, first the one that the environment names", () => {
  for (const files of Object.values(packages)) for (const file of files) machine.files.add(file);
  expect(programs.map(browserPath)).toEqual(Object.values(packages).flat());
  machine.files.add("/opt/firefox/firefox");
  vi.stubEnv("FIREFOX_PATH", "/opt/firefox/firefox");
  expect(browserPath("firefox")).toBe("/opt/firefox/firefox");
  vi.stubEnv("FIREFOX_PATH", "/opt/gone");
  expect(browserPath("firefox")).toBe("/usr/bin/firefox-esr");
  expect(machine.installed).toEqual([]);
});

test.each<[string, number, () => void]>([
  ["root", 0, () => (user = 1000)],
  ["Debian", 0, () => machine.files.delete("/usr/bin/apt-get")],
  ["the network", Object.keys(packages).length, () => (machine.hasNetwork = false)],
])(
  "without %s other tests run, and those that need a program say how to get it; tries: %i",
  (_, tries, takeAway) => {
    takeAway();
    for (const engine of ["chromium", "firefox", "webkit"] as const) setUp(engine);
    expect(() => browserPath("firefox")).toThrow(
      'No firefox for the browser tests: install the package "firefox-esr" (apt-get install firefox-esr), or set FIREFOX_PATH to the path of an executable.',
    );
    for (const program of programs)
      expect(() => browserPath(program)).toThrow(`No ${program} for the browser tests`);
    expect([machine.tries, machine.installed]).toEqual([tries, []]);
  },
);
