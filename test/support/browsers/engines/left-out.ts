import type { EngineName } from "./engine.ts";

const onlyOnce = {
  "demo/answer": "drives the demo by Playwright",
  "demo/page": "drives the demo by Playwright",
  "browser/peers": "looks at other libraries, by Playwright",
  "demo/server": "is about a server: there is no browser in it",
  "demo/stream": "is about a server: there is no browser in it",
};

/** The suites of test/browser and test/demo that do not run in an engine, and why. */
export const leftOut: Readonly<Record<EngineName, Readonly<Record<string, string>>>> = {
  chromium: {},
  firefox: onlyOnce,
  webkit: onlyOnce,
};
