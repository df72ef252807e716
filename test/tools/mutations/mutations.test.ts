import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { mutate, readSources } from "./mutate.mjs";
import { mutations } from "./mutations.mjs";

const sources = readSources(fileURLToPath(new URL("../../..", import.meta.url)));

// A renamed function shows here, in milliseconds; `npm run test:mutations` takes an hour.
it.each(mutations)("finds the one place of each change: $breaks", ({ changes }) => {
  expect(mutate(sources, changes).size).toBeGreaterThan(0);
});

it("has a description for each", () => {
  expect(new Set(mutations.map(({ breaks }) => breaks)).size).toBe(mutations.length);
});
