import type { SerializedError } from "vitest";
import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends the output with one line for scripts: `N passed, N failed`, and `, N skipped` if any were.
 */
export default class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        // A test without a result belongs to a run that was interrupted: it has not passed.
        count[state === "pending" ? "failed" : state]++;
      }
      // A file that does not load, or a hook that throws, has no failed test.
      count.failed += module.errors().length;
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length;
    }
    const line = `${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ""}`;
    // The output of other reporters, and reports of what a test left open, come first.
    process.once("exit", () => process.stdout.write(`${line}\n`));
  }
}
