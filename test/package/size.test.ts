import { expect, test } from "vitest";
import { sizes } from "./sizes.mjs";
import { dist } from "../support/dist.ts";

/** Gzipped bytes; what has no budget is printed all the same. */
const budgets: Partial<Record<string, number>> = { class: 5_500, cdn: 8_000 };

test("the sizes are within their budgets", async () => {
  dist("index.js");
  const measured = Object.entries(await sizes());
  console.log(measured.map(([name, bytes]) => `${name}: ${bytes} of ${budgets[name] ?? "any number of"} bytes`).join("\n"));
  expect(measured.filter(([name, bytes]) => bytes > (budgets[name] ?? Infinity))).toEqual([]);
});
