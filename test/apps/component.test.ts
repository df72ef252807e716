import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../support/package/dist.ts";
import { Stranger } from "../support/package/stranger.ts";

// A component's test as an app has it: the packed package, React Testing Library and a document
// that is not a browser's.

let app: Stranger;
beforeAll(() => {
  app = new Stranger("component", [
    "vitest",
    "jsdom",
    "happy-dom",
    "@testing-library/dom",
    "@testing-library/react",
  ]);
});
afterAll(() => app.remove());

test.each(["jsdom", "happy-dom"])("passes in %s", (environment) => {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const output = execFileSync(
    process.execPath,
    [vitest, "run", "--root", app.folder, "--environment", environment],
    { cwd: app.folder, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
  );
  expect(output).toMatch(/Tests +1 passed/);
});
