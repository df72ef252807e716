// npm run test:mutations: makes one deliberate fault after the other in a copy of the source, and
// expects a unit or contract test to fail.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { mutate, readSources } from "./mutate.mjs";
import { mutations } from "./mutations.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const PARALLEL = 2;
/** A fault may make the tests hang: they get this many times as long as without one. */
const PATIENCE = 4;
/** It may also make an endless loop collect objects. A worker (MiB) needs far less without one. */
const MEMORY = 1024;

/**
 * Runs a command in a process group of its own, and ends the whole group when the time is up: a
 * fault may put a worker of the test runner into an endless loop, and it would outlive its parent.
 */
async function run(command, args, { cwd, limit }) {
  const child = spawn(command, args, {
    cwd,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, NODE_OPTIONS: `--max-old-space-size=${MEMORY}` },
  });
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += text));
  let isLate = false;
  const end = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group has ended already.
    }
  };
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, limit);
  const [code] = await once(child, "exit");
  clearTimeout(timer);
  end();
  return { isLate, code, stderr };
}

/** The reason that a failed test runner gives, in a line. */
const messageIn = (stderr) => /^.*(?:Error|FATAL).*$/m.exec(stderr)?.[0].trim() ?? "unknown";

/** Runs unit and contract tests in a copy. Returns the name of the first test that failed. */
async function firstFailure(copy, { paths = [], limit = 2 ** 31 - 1 } = {}) {
  const results = join(copy, "results.json");
  const { isLate, code, stderr } = await run(
    "npx",
    [
      // As `npm test` runs them.
      ...["vitest", "run", "--mode=quick", "--tags-filter=!slow"],
      ...["--project=unit", "--project=contract", "--bail=1", "--passWithNoTests"],
      // The test of the mutations themselves would notice each of them.
      "--exclude=test/tools/mutations/**",
      ...["--reporter=json", `--outputFile=${results}`, ...paths],
    ],
    { cwd: copy, limit },
  );
  if (isLate) return `(the tests had not ended after ${Math.round(limit / 1000)} s)`;
  if (!existsSync(results)) throw new Error(`the tests did not run: ${stderr}`);
  const { testResults } = JSON.parse(readFileSync(results, "utf8"));
  rmSync(results);
  for (const { assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === "failed");
    if (failed) return [...failed.ancestorTitles, failed.title].join(" › ");
  }
  // A file that cannot be loaded proves nothing about its tests.
  const unloaded = testResults.find(({ status }) => status === "failed");
  if (unloaded) throw new Error(`the tests did not run: ${unloaded.message}`);
  return code === 0 ? undefined : `(a worker of the tests died: ${messageIn(stderr)})`;
}

/** Runs `work` with a copy of the project that shares its packages. */
async function withCopy(work) {
  const copy = mkdtempSync(join(tmpdir(), "mutations-"));
  try {
    const files = execFileSync("git", ["ls-files", "-coz", "--exclude-standard"], { cwd: root });
    for (const file of String(files).split("\0"))
      if (file && existsSync(join(root, file))) cpSync(join(root, file), join(copy, file));
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    return await work(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** The tests that notice a fault in a file, most likely first: its own, its folder's, and all. */
function scopesOf(file) {
  const own = file.replace("src/", "test/unit/").replace(/\.ts$/, "");
  return [[own], ...(dirname(file) === "src" ? [] : [[`${dirname(own)}/`]]), []];
}

/** How long the tests of a scope may take (ms), by its paths: known after they ran without fault. */
const limits = new Map();
const limitOf = (paths) => {
  const key = paths.join();
  if (!limits.has(key))
    limits.set(
      key,
      withCopy(async (copy) => {
        const started = Date.now();
        const flaw = await firstFailure(copy, { paths });
        if (flaw) throw new Error(`a test fails without any fault: ${flaw}`);
        return Math.max(60_000, PATIENCE * (Date.now() - started));
      }),
    );
  return limits.get(key);
};

/** Tests a mutation. */
async function check({ breaks, changes }, copy) {
  const sources = readSources(copy);
  let changed = new Map();
  try {
    changed = mutate(sources, changes);
    const [file] = changed.keys();
    for (const paths of scopesOf(file)) {
      const limit = await limitOf(paths);
      for (const [file, text] of changed) writeFileSync(join(copy, file), text);
      const caught = await firstFailure(copy, { paths, limit });
      if (caught) return { breaks, file, caught, isCaught: true };
    }
    return { breaks, file, caught: "nothing", isCaught: false };
  } catch (error) {
    return { breaks, file: "", caught: String(error.message).trim(), isCaught: false };
  } finally {
    for (const file of changed.keys()) writeFileSync(join(copy, file), sources.get(file));
  }
}

/** The mutations that do not find exactly one place for each change: the source has changed. */
const misplaced = mutations.flatMap(({ breaks, changes }) => {
  try {
    mutate(readSources(root), changes);
    return [];
  } catch (error) {
    return [`${breaks}: ${error.message}`];
  }
});
if (misplaced.length) {
  console.log(misplaced.join("\n"));
  process.exit(1);
}

// Arguments select mutations by a part of their description.
const wanted = process.argv.slice(2);
const queue = mutations.filter(
  ({ breaks }) => !wanted.length || wanted.some((part) => breaks.includes(part)),
);
const cell = (text) => text.replace(/\|/g, "\\|").replace(/\s+/g, " ");
let passed = 0;
let failed = 0;
const work = () =>
  withCopy(async (copy) => {
    for (let next; (next = queue.shift());) {
      const { breaks, file, caught, isCaught } = await check(next, copy);
      // At once: the whole takes an hour.
      console.log(`| ${cell(breaks)} | \`${file}\` | ${cell(caught)} |`);
      if (isCaught) passed++;
      else failed++;
    }
  });
console.log("| Fault | In | Caught by |\n|---|---|---|");
await Promise.all(Array.from({ length: PARALLEL }, work));

console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
