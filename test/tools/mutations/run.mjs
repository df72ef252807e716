// npm run test:mutations: breaks a copy of the source in one way after the other, and demands of the tests named that one of them notices.
import { spawn } from "node:child_process";
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
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mutations } from "./mutations.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** What the tests of a break may take (ms), since it may also make them hang; and what all of them may take where nothing is broken. */
const LIMIT = { broken: 90_000, sound: 400_000 };
const PARALLEL = 2;

/**
 * Runs a command in a process group of its own, and ends the whole group when the time is up: a break may make a worker of the test runner loop for
 * ever, and such a worker outlives its parent.
 */
async function run(command, args, { cwd, limit }) {
  const child = spawn(command, args, { cwd, detached: true, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += text));
  let isLate = false;
  const end = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // Nobody of it is left.
    }
  };
  const timer = setTimeout(() => {
    isLate = true;
    end();
  }, limit);
  await once(child, "exit");
  clearTimeout(timer);
  end();
  return { isLate, stderr };
}

/** Runs test files in a copy; the names of the tests that failed. */
async function failures(copy, tests, { only, limit = LIMIT.broken } = {}) {
  const results = join(copy, "results.json");
  const args = ["vitest", "run", "--reporter=json", `--outputFile=${results}`, ...tests];
  const { isLate, stderr } = await run("npx", only ? [...args, "-t", only] : args, {
    cwd: copy,
    limit,
  });
  if (isLate) return [`(nothing ended within ${limit / 1000} s)`];
  if (!existsSync(results)) throw new Error(`the tests did not run: ${stderr}`);
  const { testResults } = JSON.parse(readFileSync(results, "utf8"));
  rmSync(results);
  // A file that does not even load has noticed nothing.
  const broken = testResults.find(({ assertionResults }) => !assertionResults.length);
  if (broken) throw new Error(`the tests did not run: ${broken.message}`);
  return testResults
    .flatMap(({ assertionResults }) => assertionResults.filter(({ status }) => status === "failed"))
    .map(nameOf);
}

const nameOf = ({ ancestorTitles, title }) => [...ancestorTitles, title].join(" › ");

/** Runs `work` with a copy of the project, its packages linked. */
async function withCopy(work) {
  const copy = mkdtempSync(join(tmpdir(), "mutations-"));
  try {
    for (const part of ["src", "test", "package.json", "tsconfig.json"])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    return await work(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Breaks the source in one way; a row of the table. */
async function check({ breaks, file, text, by, also, tests, only }, copy) {
  const path = join(copy, "src", file);
  const source = readFileSync(path, "utf8");
  let broken = source;
  for (const change of [{ text, by }, also].filter(Boolean)) {
    const found = broken.split(change.text).length - 1;
    if (found !== 1)
      return {
        breaks,
        file,
        caught: `src/${file} has this text ${found} times, not once: ${JSON.stringify(change.text)}`,
      };
    broken = broken.replace(change.text, () => change.by);
  }
  writeFileSync(path, broken);
  try {
    const [first, ...others] = await failures(copy, tests, { only });
    return {
      breaks,
      file,
      caught: first ? `${first}${others.length ? `, and ${others.length} more` : ""}` : "nothing",
      isCaught: !!first,
    };
  } catch (error) {
    return { breaks, file, caught: String(error.message).trim().split("\n")[0] };
  } finally {
    writeFileSync(path, source);
  }
}

const rows = [];
const waiting = mutations.map((mutation, index) => ({ mutation, index }));
const work = () =>
  withCopy(async (copy) => {
    for (let next; (next = waiting.shift());) rows[next.index] = await check(next.mutation, copy);
  });

// A test that fails anyway would prove nothing.
const sound = await withCopy((copy) =>
  failures(copy, [...new Set(mutations.flatMap(({ tests }) => tests))], { limit: LIMIT.sound }),
);
if (sound.length) {
  console.log(`The tests fail without any break:\n${sound.join("\n")}`);
  process.exit(1);
}
await Promise.all(Array.from({ length: PARALLEL }, work));

const cell = (text) => text.replace(/\|/g, "\\|").replace(/\s+/g, " ");
console.log("| Break | In | Caught by |\n|---|---|---|");
for (const { breaks, file, caught } of rows)
  console.log(`| ${cell(breaks)} | \`${file}\` | ${cell(caught)} |`);
const passed = rows.filter(({ isCaught }) => isCaught).length;
console.log(`\n${passed} passed, ${rows.length - passed} failed`);
process.exit(passed === rows.length ? 0 : 1);
