import { expect, test } from "vitest";
import { Violation } from "./chaos.ts";
import { addReports, tabulate } from "./report.ts";
import { runTabs } from "./tabs.ts";

// Two minutes of a known seed; `npm run test:tabs` takes others, and longer.

test(
  "ten tabs, whatever happens to them: every event once in each",
  { tags: "slow", timeout: 600_000 },
  async () => {
    const seed = 1;
    console.log(`npm run test:tabs -- --seed ${seed} --minutes 2`);
    const report = await runTabs({ seed, duration: 120_000 }).catch((error: unknown) => {
      if (error instanceof Violation) console.log(error.log.join("\n"));
      throw error;
    });
    console.log(tabulate(addReports([report])));
    // A run without faults has shown nothing.
    expect([report.events > 5000, report.faults.size > 8]).toEqual([true, true]);
  },
);
