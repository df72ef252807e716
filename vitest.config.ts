import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import type { EngineName } from "./test/support/browsers/engines/engine.ts";
import { leftOut } from "./test/support/browsers/engines/left-out.ts";
import { tamePolyfill } from "./src/transport/polyfill/tame-polyfill.mjs";

const root = fileURLToPath(new URL(".", import.meta.url));

/** One project per folder of test/, so that `vitest --project unit` runs one of them. */
function project(
  name: string,
  test: TestProjectInlineConfiguration["test"] = {},
): TestProjectInlineConfiguration {
  return {
    root,
    // Tests of the source see the same polyfill as users of the build.
    plugins: [tamePolyfill()],
    // As in tsconfig.json: a test that shows how the package is used imports it by its name.
    resolve: {
      alias: {
        "resilient-eventsource/testing": join(root, "src/testing.ts"),
        "resilient-eventsource": join(root, "src/index.ts"),
      },
    },
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      server: { deps: { inline: [/eventsource-polyfill/] } },
      ...test,
    },
  };
}

/** Tests in one engine. */
function browserProject(
  name: string,
  engine: EngineName,
  include = ["test/browser/**/*.test.ts", "test/demo/*.test.ts"],
): TestProjectInlineConfiguration {
  return project(name, {
    include,
    exclude: [
      ...configDefaults.exclude,
      ...Object.keys(leftOut[engine]).map((suite) => `test/${suite}.test.ts`),
    ],
    globalSetup: "./test/support/browsers/browsers.ts",
    provide: { engine },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // After the other projects, as timings in a browser mean little beside other work; and first the files in Chromium, one at a time. Those in the
    // other engines wait more than they compute: two at a time take half as long.
    ...(engine === "chromium"
      ? { maxWorkers: 1, sequence: { groupOrder: 1 } }
      : { maxWorkers: 2, sequence: { groupOrder: 2 } }),
  });
}

export default defineConfig({
  root,
  test: {
    reporters: [
      "default",
      "./test/support/reporters/engine-table.ts",
      "./test/support/reporters/tally.ts",
    ],
    projects: [
      project("unit", {
        include: [
          "test/unit/**/*.test.ts",
          "test/support/**/*.test.ts",
          "test/tools/{mutations,storm}/**/*.test.ts",
        ],
      }),
      project("contract"),
      project("docs", { testTimeout: 60_000, hookTimeout: 60_000 }),
      project("package", { testTimeout: 60_000, hookTimeout: 60_000 }),
      // Chromium's is the one without a suffix: `--project browser` is the short way, `--project "browser*"` all of it.
      browserProject("browser", "chromium"),
      browserProject("browser-firefox", "firefox"),
      browserProject("browser-webkit", "webkit"),
      browserProject("adapters", "chromium", ["test/adapters/**/*.test.ts"]),
      browserProject("apps", "chromium", ["test/apps/**/*.test.ts"]),
      project("cluster", {
        include: ["test/demo/cluster/**/*.test.ts"],
        globalSetup: [
          "./test/support/browsers/browsers.ts",
          "./test/support/demo/cluster-programs.ts",
        ],
        testTimeout: 120_000,
        hookTimeout: 60_000,
        fileParallelism: false,
        sequence: { groupOrder: 3 },
      }),
      project("wpt", {
        globalSetup: "./test/support/browsers/browsers.ts",
        hookTimeout: 180_000,
        sequence: { groupOrder: 4 },
      }),
      project("chaos", {
        include: ["test/tools/chaos/**/*.test.ts"],
        globalSetup: "./test/support/browsers/browsers.ts",
        testTimeout: 180_000,
        sequence: { groupOrder: 5 },
      }),
    ],
  },
});
