import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import type { EngineName } from "./test/support/browsers/engines/engine.ts";
import { leftOut } from "./test/support/browsers/engines/left-out.ts";
import { PATIENCE } from "./test/support/patience.ts";
import { tamePolyfill } from "./src/transport/polyfill/tame-polyfill.mjs";

const root = fileURLToPath(new URL(".", import.meta.url));

/** One project per kind of test, so that `vitest --project unit` runs one of them. */
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
      expect: { poll: { timeout: PATIENCE } },
      // A test fails by a condition that does not come true, which says more than this.
      testTimeout: 3 * PATIENCE,
      hookTimeout: 3 * PATIENCE,
      // Vitest would leave one core idle.
      maxWorkers: availableParallelism(),
      ...test,
    },
  };
}

/** Tests in one engine. */
function browserProject(
  name: string,
  engine: EngineName,
  include: string[],
): TestProjectInlineConfiguration {
  return project(name, {
    include,
    exclude: [
      ...configDefaults.exclude,
      ...Object.keys(leftOut[engine]).map((suite) => `test/${suite}.test.ts`),
    ],
    globalSetup: "./test/support/browsers/browsers.ts",
    provide: { engine },
    // After the other projects. They wait more than they compute, so that more of them than there
    // are cores run at a time. An engine that is slower to start has fewer.
    maxWorkers: engine === "chromium" ? 4 : 2,
    sequence: { groupOrder: engine === "chromium" ? 1 : 2 },
  });
}

/** What `npm test` runs, but for the tests that are tagged `slow`. */
const quick = [
  project("unit", {
    include: [
      "test/unit/**/*.test.ts",
      "test/support/**/*.test.ts",
      "test/tools/{mutations,storm}/**/*.test.ts",
      "test/tools/chaos/{book,model}.test.ts",
    ],
  }),
  project("contract"),
  project("docs"),
  project("package"),
  browserProject("browser", "chromium", ["test/browser/**/*.test.ts"]),
];

/** What only `npm run test:all` runs. */
const rest = [
  browserProject("demo", "chromium", ["test/demo/*.test.ts"]),
  browserProject("adapters", "chromium", ["test/adapters/**/*.test.ts"]),
  browserProject("apps", "chromium", ["test/apps/**/*.test.ts"]),
  ...(["firefox", "webkit"] as const).map((engine) =>
    browserProject(`browser-${engine}`, engine, [
      "test/browser/**/*.test.ts",
      "test/demo/*.test.ts",
    ]),
  ),
  project("cluster", {
    include: ["test/demo/cluster/**/*.test.ts"],
    globalSetup: ["./test/support/browsers/browsers.ts", "./test/support/demo/cluster-programs.ts"],
    fileParallelism: false,
    sequence: { groupOrder: 3 },
  }),
  project("wpt", {
    globalSetup: "./test/support/browsers/browsers.ts",
    sequence: { groupOrder: 4 },
  }),
  project("chaos", {
    include: ["test/tools/chaos/{chaos,tabs}.test.ts"],
    fileParallelism: false,
    globalSetup: "./test/support/browsers/browsers.ts",
    sequence: { groupOrder: 5 },
  }),
];

declare module "vitest" {
  interface TestTags {
    tags: "slow";
  }
}

const lanes: Partial<Record<string, TestProjectInlineConfiguration[]>> = { quick, rest };

export default defineConfig(({ mode }) => ({
  root,
  test: {
    reporters: [
      "default",
      "./test/support/reporters/engine-table.ts",
      "./test/support/reporters/tally.ts",
    ],
    tags: [{ name: "slow", description: "left to npm run test:all" }],
    // Without a mode every project, so that `vitest FILE` finds any file.
    projects: lanes[mode] ?? [...quick, ...rest],
  },
}));
