// @module-tag slow
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { root } from "../support/package/dist.ts";
import { section, table } from "../support/package/markdown.ts";
import { bundled } from "../package/sizes.mjs";
import { peers as imports } from "../tools/bench/sizes.mjs";

const guide = readFileSync(`${root}/demo/guides/comparison.md`, "utf8");

/** The table under a heading, by peer and row. */
function columns(heading: string): Map<string, Record<string, string>> {
  const [[, ...names], ...rows] = table(section(guide, heading)) as [string[], ...string[][]];
  return new Map(
    names.map((name, index) => [
      name,
      Object.fromEntries(rows.map((row) => [row[0]!, row[index + 1]!])),
    ]),
  );
}

/** The bench uses the eventsource that runs on Node 20; the comparison is about the newest. */
const installed = (peer: string): string => (peer === "eventsource" ? "eventsource-5" : peer);
const entry = (peer: string): string =>
  peer === "ours"
    ? 'export { ResilientEventSource } from "./index.js"'
    : `export { ${imports[peer as keyof typeof imports]} } from "${installed(peer)}"`;

test.each([...columns("The package")])(
  "the package %s is as the table says",
  async (peer, { kB, ...rest }) => {
    const folder = peer === "ours" ? root : `${root}/node_modules/${installed(peer)}`;
    const manifest = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as Record<
      string,
      any
    >;
    const name = peer === "ours" ? "resilient-eventsource" : installed(peer);
    const run = () =>
      execFileSync(process.execPath, ["-e", `import(${JSON.stringify(name)})`], {
        cwd: root,
        stdio: "ignore",
      });
    expect({
      version: manifest.version as string,
      "has types":
        manifest.types && existsSync(`${folder}/${manifest.types as string}`) ? "yes" : "no",
      dependencies: String(Object.keys((manifest.dependencies as object | undefined) ?? {}).length),
      "imported in Node": succeeds(run) ? "yes" : "no",
    }).toEqual(rest);
    const measured = (await bundled(entry(peer))) / 1000;
    expect(Math.abs(Number(kB) - measured) / measured).toBeLessThan(0.05);
  },
);

/** Code that a library must contain for the feature. */
const signs: Record<string, RegExp> = {
  "honours Retry-After": /retry-after/i,
  "knows offline from broken": /["'`](online|offline)["'`]/,
  "disconnects on a hidden page": /visibilitychange/,
  "one connection for all tabs": /BroadcastChannel|SharedWorker/,
  "for await": /asyncIterator/,
};

test.each([...columns("What each can do")].filter(([peer]) => peer !== "native"))(
  "%s can do what the table says",
  async (peer, cells) => {
    const { outputFiles } = await build({
      stdin: {
        contents: peer === "ours" ? 'export * from "./index.js"' : entry(peer),
        resolveDir: `${root}/dist`,
      },
      bundle: true,
      write: false,
      format: "esm",
      external: ["./polyfill.js"],
      logLevel: "error",
    });
    for (const [row, sign] of Object.entries(signs))
      expect([row, sign.test(outputFiles[0]!.text)]).toEqual([row, cells[row] !== "no"]);
  },
);

function succeeds(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}
