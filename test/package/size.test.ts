import { expect, test } from "vitest";
import { sizes } from "./sizes.mjs";
import { dist } from "../support/package/dist.ts";

/** Gzipped bytes: the present sizes, rounded up, so that growth is a decision. */
const budgets: Partial<Record<string, number>> = {
  class: 10_950,
  everything: 13_800,
  testing: 400,
  polyfill: 2_900,
  react: 600,
  svelte: 350,
  vue: 340,
  cdn: 16_050,
};

test("the sizes are within their budgets", async () => {
  dist("index.js");
  const measured = Object.entries(await sizes());
  console.log(
    measured.map(([name, bytes]) => `${name}: ${bytes} of ${budgets[name] ?? 0} bytes`).join("\n"),
  );
  expect(measured.filter(([name, bytes]) => bytes > (budgets[name] ?? 0))).toEqual([]);
});
