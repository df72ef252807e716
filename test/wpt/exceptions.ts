import type { ClassName } from "./setting.ts";

/**
 * Tests that do not pass. A test in this table that passes is a failure, so the table stays true.
 */
export interface Exception {
  of: ClassName[];
  /** The beginning of the file's name, a colon, and the beginning of the test's name. */
  tests: string[];
  why: string;
  /** It passes now and then. */
  byChance?: true;
}

const ours: ClassName[] = ["ours", "ours, by the book"];

export const exceptions: Exception[] = [
  {
    of: ["native", ...ours],
    tests: [
      "eventsource-constructor-url-bogus.any.js: a URL that cannot be parsed is a SyntaxError: http://this is invalid/",
    ],
    why: "Chromium's URL parser takes a space in a host",
  },
  {
    of: ["native"],
    tests: ["format-utf-8.any.js"],
    why: "Chromium's EventSource refuses any charset but UTF-8",
  },
  {
    of: ["native"],
    tests: [
      "eventsource-cross-origin-preflight.window.js: an id that is too long",
      "eventsource-cross-origin-preflight.window.js: an id that is with unsafe",
    ],
    why: "Chromium's EventSource sends Last-Event-ID across origins without asking",
  },
  {
    of: ours,
    tests: ["eventsource-onmessage-trusted.any.js"],
    why: "only the browser can make trusted events",
  },
  {
    of: ours,
    tests: ["eventsource-cross-origin.window.js: refused"],
    why: "to a script this looks like an outage, and outages are retried",
  },
  {
    of: ["ours"],
    tests: [
      "format-mime-bogus.any.js",
      "format-mime-valid-bogus.any.js",
      "request-status-error.window.js",
    ],
    why: "native EventSource, which opens, does not say why it was refused; the next attempt, by fetch, learns it and gives up (503: waits)",
  },
  {
    of: ["ours"],
    tests: ["request-credentials.window.js", "eventsource-cross-origin-preflight.window.js"],
    why: "across origins the id goes into the URL, which needs no preflight",
  },
  {
    of: ["ours, by the book"],
    tests: ["eventsource-cross-origin-preflight.window.js: an id that is safe"],
    why: "fetch asks before it sends Last-Event-ID across origins, whatever the id",
  },
  {
    of: ["ours"],
    tests: ["format-field-retry.any.js", "format-field-retry-bogus.any.js"],
    why: "waits are drawn by chance, up to the reconnection time",
    byChance: true,
  },
  {
    of: ours,
    tests: ["eventsource-request-cancellation.window.js"],
    why: "a stream that the browser cut in silence is taken up again",
  },
  {
    of: ours,
    tests: [
      "/html/dom/idlharness.any.js: its parent is EventTarget itself",
      "/html/dom/idlharness.any.js: the name of the interface",
      "/html/dom/idlharness.any.js: the name of its objects",
      "/html/dom/idlharness.any.js: the constants are data properties",
      "/html/dom/idlharness.any.js: members are enumerable",
    ],
    why: "it is a class of its own, written in JavaScript: its name and parent, and what reflection shows of its members",
  },
];

/** Files of eventsource/ without a counterpart here. */
export const elsewhere = {
  "eventsource-bfcache.window.js": "test/browser/page.test.ts, since it takes two documents",
  "eventsource-from-readable-stream*.js": "a proposal that no browser has",
  "submissions/MOSQUITO/*": "they need servers of others",
};
