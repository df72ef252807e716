import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../support/package/dist.ts";
import { Stranger } from "../support/package/stranger.ts";

// Tests of an app: the packed package, React Testing Library and a document that is not a
// browser's; and the test in the README, which works without a document, too.

let app: Stranger;
beforeAll(() => {
  app = new Stranger("component", [
    "vitest",
    "jsdom",
    "happy-dom",
    "@testing-library/dom",
    "@testing-library/react",
  ]);
  copyFileSync(`${root}/test/docs/app.test.ts`, join(app.folder, "app.test.ts"));
});
afterAll(() => app.remove());

test.each([
  ["node", ["app.test.ts"], 2],
  ["jsdom", [], 3],
  ["happy-dom", [], 3],
])("they pass in %s", (environment, files, count) => {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const output = execFileSync(
    process.execPath,
    [vitest, "run", ...files, "--root", app.folder, "--environment", environment],
    { cwd: app.folder, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
  );
  expect(output).toMatch(new RegExp(`Tests +${count} passed`));
});
