import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Stranger } from "../support/package/stranger.ts";
import { PATIENCE } from "../support/patience.ts";

// In a Node process of its own, which must end on its own.

let app: Stranger;
beforeAll(() => {
  app = new Stranger("server");
});
afterAll(() => app.remove());

const node = async (...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: app.folder,
    timeout: PATIENCE,
  });
  return stdout.trim();
};

test.each(["render.mjs", "render.cjs"])(
  "%s renders a component on the server, without a document or a connection",
  async (file) => {
    expect(await node(file)).toBe("function <p>connecting, no price yet</p>");
  },
);

const entries = [
  "resilient-eventsource",
  ...["react", "svelte", "testing", "vue"].map((name) => `resilient-eventsource/${name}`),
];

test.each(entries)("%s has the same exports by import and by require", async (entry) => {
  const print =
    "console.log(Object.entries(it).map(([name, value]) => `${name}: ${typeof value}`).sort().join())";
  const imported = await node(
    "--input-type=module",
    "-e",
    `import * as it from "${entry}"; ${print}`,
  );
  expect(imported).toMatch(/\w: function/);
  expect(
    await node("--input-type=commonjs", "-e", `const it = require("${entry}"); ${print}`),
  ).toBe(imported);
});
