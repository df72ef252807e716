// As published, eventsource-polyfill cannot be bundled: it reads `window` while loading, sets
// globals of the page, and assigns to two undeclared variables, which throws in strict code. This
// plugin turns its file into an ES module that uses only what is passed to it.

const FILE = /[\\/]eventsource-polyfill[\\/]dist[\\/]eventsource\.js$/;

const HEADER = `export default function createPolyfill(scope) {
  var window = scope.window;
  var XMLHttpRequest = scope.XMLHttpRequest;
  var setTimeout = scope.setTimeout;
  var clearInterval = scope.clearInterval;
  var console;
  var exported = {};
`;

const FOOTER = `
  return exported.EventSource;
}
`;

/**
 * Pieces that go, each from its first text up to (not including) its second: the branch for
 * Internet Explorer 8 and 9.
 */
const CUTS = [
  ['    else {\n\n\tEventSource.isPolyfill = "IE_8-9";', "    function MessageEvent("],
  ["    function isOldIE () {", "    global[evsImportName] = EventSource;"],
];

/** The texts that are replaced after the cuts, and how often each must occur. */
const REPLACEMENTS = [
  // Hands it an object of ours as the global object, so it neither finds the page's EventSource nor
  // replaces it.
  { times: 1, from: "})(this);", to: "})(exported);" },
  { times: 1, from: "    if (!isOldIE()){", to: "    {" },
  // Undeclared in the original: a ReferenceError in strict code, and in sloppy code shared by all
  // instances.
  { times: 1, from: "request = new XMLHttpRequest();", to: "var request = new XMLHttpRequest();" },
  { times: 1, from: "parts = events[i].split('\\n');", to: "var parts = events[i].split('\\n');" },
  // XMLHttpRequest has removed the byte order mark when it decoded the text; a second one is text.
  { times: 1, from: "this.cursor = 1;", to: "" },
  // Events call this['on' + type]: a server event named "data" would call this method, and recurse
  // for ever.
  { times: 1, from: "ondata: function()", to: "receive: function()" },
  { times: 1, from: "evs.ondata()", to: "evs.receive()" },
];

function tame(source) {
  let code = source;
  for (const [start, end] of CUTS) {
    expectTimes(code, start, 1);
    expectTimes(code, end, 1);
    code = code.slice(0, code.indexOf(start)) + code.slice(code.indexOf(end));
  }
  for (const { from, to, times } of REPLACEMENTS) {
    expectTimes(code, from, times);
    code = code.replaceAll(from, () => to);
  }
  return HEADER + code + FOOTER;
}

function expectTimes(code, text, times) {
  const found = code.split(text).length - 1;
  if (found !== times)
    throw new Error(
      `The patch of eventsource-polyfill does not fit: expected ${JSON.stringify(text)} ` +
        `${times} time(s), found ${found}. It is written for version 0.9.6; check the installed ` +
        `version, then adapt src/transport/polyfill/tame-polyfill.mjs.`,
    );
}

/**
 * A plugin for Rollup and Vite: `eventsource-polyfill/dist/eventsource.js` default-exports
 * `createPolyfill(scope)`.
 */
export function tamePolyfill() {
  return {
    name: "tame-polyfill",
    transform(code, id) {
      // A line of this module has no line of the original worth pointing at, so it gets no source
      // map.
      return FILE.test(id) ? { code: tame(code), map: { mappings: "" } } : null;
    },
  };
}
