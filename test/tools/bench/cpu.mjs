import { readFileSync, readdirSync } from "node:fs";

/**
 * Milliseconds of CPU that the renderers below a browser's process have used, in all threads;
 * undefined without Linux's /proc.
 */
export function rendererCpu(browser) {
  try {
    return renderers(browser)
      .flatMap((pid) =>
        readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/schedstat`),
      )
      .reduce((sum, file) => sum + Number(readFileSync(file, "utf8").split(" ")[0]) / 1e6, 0);
  } catch {
    return undefined;
  }
}

const known = new Map();

/** Looked up once: the page keeps its process. */
function renderers(browser) {
  if (!known.has(browser)) known.set(browser, descendants(browser).filter(isRenderer));
  return known.get(browser);
}

function descendants(root) {
  const parents = new Map(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), parent(pid)]),
  );
  const below = (pid) => pid === root || (parents.has(pid) && below(parents.get(pid)));
  return [...parents.keys()].filter(below);
}

/** Arguments of the processes that Chromium and Firefox start for pages. */
const isRenderer = (pid) =>
  /--type=renderer|-isForBrowser/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));

/** The fourth field of `stat`; the second, a name in parentheses, may contain anything. */
function parent(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
