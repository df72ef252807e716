export const scopes = ["window", "dedicated worker", "shared worker"] as const;
export type Scope = (typeof scopes)[number];

/** Makes an EventSource that is closed when its test is over. */
export type Open = (url: string, init?: EventSourceInit, Class?: typeof EventSource) => EventSource;

/** One test of a file in web-platform-tests/wpt, `eventsource/`. */
export interface WptTest {
  file: string;
  name: string;
  where: readonly Scope[];
  /** Runs alone, since it affects the whole page or needs its connections in order. */
  alone: boolean;
  run(open: Open): unknown;
}

/** Defines the tests of one file. */
export type Define = (name: string, run: WptTest["run"], options?: { alone?: boolean }) => void;

export function testsOf(
  file: string,
  where: readonly Scope[],
  define: (test: Define) => void,
): WptTest[] {
  const tests: WptTest[] = [];
  define((name, run, { alone = false } = {}) => tests.push({ file, name, where, alone, run }));
  return tests;
}

/** As `*.any.js`, and in shared workers too. */
export const any = (file: string, define: (test: Define) => void): WptTest[] =>
  testsOf(file, scopes, define);
/** As `*.window.js` and pages. */
export const page = (file: string, define: (test: Define) => void): WptTest[] =>
  testsOf(file, ["window"], define);
