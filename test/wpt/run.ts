// The script of each scope: runs the tests with the EventSource of that scope.
import { PATIENCE } from "../support/patience.ts";
import type { Open, Scope, WptTest } from "./define.ts";
import { tests } from "./tests.ts";

/** A browser gives one origin six connections. */
const BESIDE_EACH_OTHER = 4;

/** The error of each test; null if it passed. */
export type Outcomes = Record<string, string | null>;

async function perform(test: WptTest): Promise<string | null> {
  const sources: EventSource[] = [];
  const open: Open = (url, init, Class = EventSource) => {
    const source = init ? new Class(url, init) : new Class(url);
    sources.push(source);
    return source;
  };
  const timeout = new Promise((_, reject) =>
    setTimeout(() => reject(new Error("timed out")), PATIENCE),
  );
  try {
    await Promise.race([test.run(open), timeout]);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const source of sources) source.close();
  }
}

async function runAll(scope: Scope): Promise<Outcomes> {
  const here = tests.filter(({ where }) => where.includes(scope));
  const outcomes: Outcomes = {};
  const work = async (queue: WptTest[]): Promise<void> => {
    for (let test = queue.shift(); test; test = queue.shift())
      outcomes[`${test.file}: ${test.name}`] = await perform(test);
  };
  const together = here.filter(({ alone }) => !alone);
  await Promise.all(Array.from({ length: BESIDE_EACH_OTHER }, () => work(together)));
  await work(here.filter(({ alone }) => alone));
  return outcomes;
}

Object.assign(globalThis, { runAll });
