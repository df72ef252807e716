import { expect, test } from "vitest";
import { recorded, sizes } from "./sizes.mjs";
import { dist } from "../support/package/dist.ts";

/** The tolerated difference of a size from its record, either way: more is a decision. */
const TOLERANCE = 0.01;

test("the sizes are the recorded ones (npm run size -- --write)", async () => {
  dist("index.js");
  const measured = await sizes();
  expect(Object.keys(measured)).toEqual(Object.keys(recorded));
  for (const [name, bytes] of Object.entries(measured)) {
    console.log(`${name}: ${bytes} bytes, recorded ${recorded[name]}`);
    expect.soft(Math.abs(bytes / recorded[name] - 1), name).toBeLessThan(TOLERANCE);
  }
});
