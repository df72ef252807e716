import { join, relative } from "node:path";
import { root } from "../package/dist.ts";
import type { Reporter, TestModule } from "vitest/node";
import { leftOut } from "../browsers/engines/left-out.ts";

/** The projects of test/browser, and the engines they are for. */
const engines = {
  browser: { title: "Chromium", leftOut: leftOut.chromium },
  "browser-firefox": { title: "Firefox ESR", leftOut: leftOut.firefox },
  "browser-webkit": { title: "WebKitGTK", leftOut: leftOut.webkit },
};

type Project = keyof typeof engines;
const projects = Object.keys(engines) as Project[];

class Cell {
  readonly counts = { passed: 0, skipped: 0, failed: 0 };
  readonly notes = new Set<number>();

  toString(): string {
    const { passed, skipped, failed } = this.counts;
    const notes = [...this.notes].sort((a, b) => a - b).map((number) => `[${number}]`);
    return [`${passed} / ${skipped} / ${failed}`, ...notes].join(" ");
  }
}

/** Prints a table when browser tests have run: engine × suite, and below it why tests were skipped. */
export default class EngineTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const suites = new Map<string, Map<Project, Cell>>();
    const reasons: string[] = [];
    const noteFor = (reason: string): number => {
      if (!reasons.includes(reason)) reasons.push(reason);
      return reasons.indexOf(reason) + 1;
    };

    for (const module of modules) {
      const project = module.project.name;
      if (!isProject(project)) continue;
      const cell = new Cell();
      const suite = relative(join(root, "test"), module.moduleId).replace(/\.test\.ts$/, "");
      suites.set(suite, (suites.get(suite) ?? new Map<Project, Cell>()).set(project, cell));
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
        const absent = (project: Project): string => {
          const reason = engines[project].leftOut[suite];
          return reason === undefined ? "not run" : `– [${noteFor(`${suite} ${reason}`)}]`;
        };
        return [suite, ...projects.map((project) => String(cells.get(project) ?? absent(project)))];
      });
    const head = [
      "passed / skipped / failed",
      ...projects.map((project) => engines[project].title),
    ];
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

function isProject(name: string): name is Project {
  return name in engines;
}
