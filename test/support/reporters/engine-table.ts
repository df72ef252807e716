import { join, relative } from "node:path";
import { root } from "../package/dist.ts";
import type { Reporter, TestModule } from "vitest/node";
import type { EngineName } from "../browsers/engines/engine.ts";
import { leftOut } from "../browsers/engines/left-out.ts";

/** The projects of test/browser and test/demo, and the engines they are for. */
const engineOf: Partial<Record<string, EngineName>> = {
  browser: "chromium",
  demo: "chromium",
  "browser-firefox": "firefox",
  "browser-webkit": "webkit",
};

const titles = { chromium: "Chromium", firefox: "Firefox ESR", webkit: "WebKitGTK" };
const engines = Object.keys(titles) as EngineName[];

class Cell {
  readonly counts = { passed: 0, skipped: 0, failed: 0 };
  readonly notes = new Set<number>();

  toString(): string {
    const { passed, skipped, failed } = this.counts;
    const notes = [...this.notes].sort((a, b) => a - b).map((number) => `[${number}]`);
    return [`${passed} / ${skipped} / ${failed}`, ...notes].join(" ");
  }
}

/** Prints a table after browser tests, engine × suite, and below it why tests were skipped. */
export default class EngineTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const suites = new Map<string, Map<EngineName, Cell>>();
    const reasons: string[] = [];
    const noteFor = (reason: string): number => {
      if (!reasons.includes(reason)) reasons.push(reason);
      return reasons.indexOf(reason) + 1;
    };

    for (const module of modules) {
      const engine = engineOf[module.project.name];
      if (!engine) continue;
      const cell = new Cell();
      const suite = relative(join(root, "test"), module.moduleId).replace(/\.test\.ts$/, "");
      suites.set(suite, (suites.get(suite) ?? new Map<EngineName, Cell>()).set(engine, cell));
      cell.counts.failed += module.errors().length;
      for (const each of module.children.allSuites()) cell.counts.failed += each.errors().length;
      const unsaid =
        cell.counts.failed > 0 ? "what comes before them failed" : "left out by the command";
      for (const test of module.children.allTests()) {
        const result = test.result();
        cell.counts[result.state === "pending" ? "failed" : result.state]++;
        if (result.state === "skipped") cell.notes.add(noteFor(result.note ?? unsaid));
      }
    }
    if (suites.size === 0) return;

    const rows = [...suites]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([suite, cells]) => {
        const absent = (engine: EngineName): string => {
          const reason = leftOut[engine][suite];
          return reason === undefined ? "not run" : `– [${noteFor(`${suite} ${reason}`)}]`;
        };
        return [suite, ...engines.map((engine) => String(cells.get(engine) ?? absent(engine)))];
      });
    const head = ["passed / skipped / failed", ...engines.map((engine) => titles[engine])];
    const widths = head.map((title, column) =>
      Math.max(title.length, ...rows.map((row) => row[column]!.length)),
    );
    const line = (cells: string[]): string =>
      `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
    const table = [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
    const notes = reasons.map((reason, index) => `[${index + 1}] ${reason}`);
    process.stdout.write(`\n${[...table, "", ...notes].join("\n").trim()}\n\n`);
  }
}
