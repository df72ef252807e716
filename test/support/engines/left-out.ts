import type { EngineName } from "./engine.ts";

const onlyOnce = {
  "demo-page": "drives the demo by Playwright",
  peers: "looks at other libraries, by Playwright",
  "demo-server": "is about a server: there is no browser in it",
};

/** They take long in a second and a third engine, so `npm test` leaves them to a command of their own. */
const long = [
  "bad-servers",
  "cross-origin",
  "demo",
  "note",
  "page",
  "polyfill",
  "recovery",
  "replaced-event-source",
  "retry-table",
  "shared",
];
const onDemand = process.env.ENGINES === "all" ? {} : Object.fromEntries(long.map((suite) => [suite, "runs here by npm run test:engines"]));

/** The suites of test/browser that an engine leaves out, and why. */
export const leftOut: Readonly<Record<EngineName, Readonly<Record<string, string>>>> = {
  chromium: {},
  firefox: { ...onlyOnce, ...onDemand },
  webkit: { ...onlyOnce, ...onDemand },
};
