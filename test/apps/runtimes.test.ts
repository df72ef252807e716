import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../support/package/dist.ts";
import { install, runtimes } from "../support/package/runtimes.ts";
import { Stranger } from "../support/package/stranger.ts";
import { PATIENCE } from "../support/patience.ts";

// The packed package in runtimes other than the one that runs the tests.

let app: Stranger;
beforeAll(() => {
  app = new Stranger("server");
  copyFileSync(`${root}/test/package/smoke.mjs`, join(app.folder, "smoke.mjs"));
});
afterAll(() => app.remove());

describe.each(runtimes)("$name", (runtime) => {
  let binary: string;
  // Downloads some 50 MB, once.
  beforeAll(() => void (binary = install(runtime)), 300_000);

  const run = (file: string): string =>
    execFileSync(binary, [...runtime.args, file], {
      cwd: app.folder,
      encoding: "utf8",
      timeout: PATIENCE,
    });

  test("reads a stream and resumes it, by import and by require", () => {
    expect(run("smoke.mjs")).toContain("events arrive and are resumed");
  });

  test("renders a React component on the server", () => {
    expect(run("render.mjs")).toContain("<p>connecting, no price yet</p>");
  });
});
