import { expect, test } from "vitest";
import { runChaos, Violation } from "./chaos.ts";
import { addReports, tabulate } from "./report.ts";

// Half a minute here; `npm run test:chaos` can take longer. The second seed differs every time.

test.each([1, Math.floor(Math.random() * 1e6)])(
  "seed %d: whatever happens, everything comes once and in order",
  async (seed) => {
    console.log(`npm run test:chaos -- --seed ${seed} --minutes 0.2`);
    const report = await runChaos({ seed, duration: 12_000 }).catch((error: unknown) => {
      if (error instanceof Violation) console.log(error.log.join("\n"));
      throw error;
    });
    console.log(tabulate(addReports([report])));
    // A run without faults has shown nothing.
    expect([report.events > 500, report.faults.size > 15]).toEqual([true, true]);
  },
);
