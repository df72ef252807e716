import { expect, test } from "vitest";
import { sizes } from "./sizes.mjs";
import { dist } from "../support/package/dist.ts";

/** Gzipped bytes: the present sizes, rounded up, so that growth is a decision. */
const budgets: Partial<Record<string, number>> = {
  class: 13_300,
  everything: 18_750,
  testing: 450,
  polyfill: 2_900,
  react: 940,
  svelte: 510,
  vue: 520,
  cdn: 20_700,
};

test("the sizes are within their budgets", async () => {
  dist("index.js");
  const measured = Object.entries(await sizes());
  console.log(
    measured.map(([name, bytes]) => `${name}: ${bytes} of ${budgets[name] ?? 0} bytes`).join("\n"),
  );
  expect(measured.filter(([name, bytes]) => bytes > (budgets[name] ?? 0))).toEqual([]);
});
