// npm run bench: speed, smoothness and size, compared with native EventSource, bare fetch and the
// peers, all in one page.
//   --quick    fewer and shorter rounds: too few for --check on a busy machine
//   --close    only the speed of close contestants, in many rounds: medians of five differ by
//              a fifth from run to run
//   --check    fail when a ratio is worse than in ratios.json
//   --update   write the results to ratios.json
//   --firefox  in Firefox: only speed and smoothness, and neither --check nor --update
import { build } from "esbuild";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openPage } from "./browser.mjs";
import { rendererCpu } from "./cpu.mjs";
import { idleMemory } from "./idle.mjs";
import { CLOSE, regressions, ratiosOf, writeRatios } from "./ratios.mjs";
import { allSizes } from "./sizes.mjs";
import { startServer } from "./server.mjs";
import { tables } from "./tables.mjs";
import { workloads } from "./workloads.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { quick, close, check, update, firefox } = parseArgs({
  options: {
    quick: { type: "boolean" },
    close: { type: "boolean" },
    check: { type: "boolean" },
    update: { type: "boolean" },
    firefox: { type: "boolean" },
  },
}).values;
const browser = firefox ? "firefox" : "chromium";
if (firefox && (check || update)) throw new Error("ratios.json is of Chromium");

const scripts = await build({
  entryPoints: [here("page/page.ts"), here("page/frame.ts")],
  bundle: true,
  format: "esm",
  // Unlike in tsconfig.json: users get the package in dist.
  tsconfigRaw: {},
  outdir: "/",
  write: false,
});

/** Node 20 cannot run TypeScript. */
async function browserPath() {
  const outfile = here("../../.bench/browsers.mjs");
  await build({
    entryPoints: [here("../../support/browsers/browsers.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outfile,
  });
  return (await import(outfile)).browserPath(browser);
}

const settings = {
  rounds: close ? 31 : quick ? 3 : 5,
  quick: !!quick,
  contestants: close ? CLOSE : undefined,
  withTasks: !close,
  withMemory: !close && !firefox,
  workloads: Object.fromEntries(
    Object.entries(workloads).map(([name, { count }]) => [name, quick ? count / 2 : count]),
  ),
};

async function measure() {
  let page;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  const server = await startServer(
    Object.fromEntries(scripts.outputFiles.map(({ path, text }) => [path, text])),
    {
      cpu: () => rendererCpu(page.pid),
      progress: (line) => void process.stderr.write(`${line}\n`),
      done: (result) => void finish(result),
    },
  );
  const executable = await browserPath();
  const idle = settings.withMemory ? await idleMemory(executable, server.port) : undefined;
  page = openPage(
    browser,
    executable,
    `http://127.0.0.1:${server.port}/page?settings=${encodeURIComponent(JSON.stringify(settings))}`,
  );
  const result = await Promise.race([
    finished,
    page.exited.then(() => ({ error: "the browser ended by itself" })),
  ]);
  await page.close();
  server.close();
  if (result.error) throw new Error(result.error);
  return { ...result, idle };
}

const measured = { ...(await measure()), sizes: await allSizes() };
const ratios = ratiosOf(measured);
mkdirSync(here("../../.bench"), { recursive: true });
writeFileSync(
  here("../../.bench/bench.json"),
  JSON.stringify({ ratios, ...measured }, null, 2) + "\n",
);
console.log(tables(measured));
if (update) writeRatios(ratios, close);
if (check) {
  const worse = regressions(ratios, close);
  console.log(
    worse.length
      ? `Worse than test/tools/bench/ratios.json:\n${worse.join("\n")}`
      : "No ratio is worse than in test/tools/bench/ratios.json.",
  );
  process.exitCode = worse.length ? 1 : 0;
}
