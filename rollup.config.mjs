import alias from "@rollup/plugin-alias";
import nodeResolve from "@rollup/plugin-node-resolve";
import terser from "@rollup/plugin-terser";
import { rmSync } from "node:fs";
import { dts } from "rollup-plugin-dts";
import esbuild from "rollup-plugin-esbuild";
import license from "rollup-plugin-license";
import { tamePolyfill } from "./src/transport/polyfill/tame-polyfill.mjs";

/**
 * The entries of the package: the name of the file in dist → its source.
 * A row here needs its twin in the `exports` of package.json.
 */
export const entries = {
  index: "src/index.ts",
  react: "src/adapters/react.ts",
  svelte: "src/adapters/svelte.ts",
  testing: "src/testing.ts",
  vue: "src/adapters/vue.ts",
};

/** An app that imports an adapter has these already. Everything else is bundled. */
export const frameworks = ["react", "svelte/reactivity", "svelte/store", "vue"];

/** The script-tag build: its source, whose default export becomes the global. */
export const cdn = {
  source: "src/cdn.ts",
  file: "dist/resilient-eventsource.min.js",
  global: "ResilientEventSource",
};

/** The chunk that only a browser without EventSource and without streaming fetch downloads. */
export const polyfillChunk = "polyfill";

const NOTICES = "THIRD-PARTY-NOTICES.txt";
const banner = `/*! resilient-eventsource, MIT licence. Contains eventsource-polyfill (MIT) and exponential-backoff (Apache-2.0): see ${NOTICES} */`;

const toJavaScript = [
  tamePolyfill(),
  // The TypeScript that exponential-backoff also carries: native modules and classes are half the
  // bytes of its ES5 CommonJS files, and a bundler can drop the unused ones.
  alias({
    entries: [
      {
        find: /^exponential-backoff\/dist\/(.+)\.js$/,
        replacement: `${import.meta.dirname}/node_modules/exponential-backoff/src/$1.ts`,
      },
    ],
  }),
  esbuild({
    include: /\.ts$/,
    exclude: [],
    target: "es2020",
    // As tsc does for ES2020: fields are assigned, which needs no helper function.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  }),
  nodeResolve(),
];

/** Lists every package that ends up in a file, of code or of types. Each build adds its own. */
const thirdPartyNotices = license({
  thirdParty: {
    output: { file: `dist/${NOTICES}`, template: (packages) => noticesOf(packages) },
  },
});

/** The directive has to be the first statement; Rollup drops it from a source. */
const useClient = ({ name }) => (name === "react" ? '"use client";' : "");

const modules = (format, extension) => ({
  dir: "dist",
  format,
  exports: "named",
  // For browsers' debuggers. Node runs the CommonJS files, which can be read as they are.
  sourcemap: format === "es",
  // Bundlers would warn of imports of nothing.
  hoistTransitiveImports: false,
  banner: useClient,
  // A chunk that nothing imports is dropped whole. Of one file, bundlers keep every call that builds
  // a constant, as those of the message checks.
  manualChunks: (id) => (id.includes("/src/sharing/") ? "sharing" : undefined),
  onlyExplicitManualChunks: true,
  entryFileNames: `[name]${extension}`,
  chunkFileNames: (chunk) => (isPolyfill(chunk) ? polyfillChunk : "chunk-[name]") + extension,
});

const types = (extension) => ({
  dir: "dist",
  format: "es",
  // The class has [Symbol.dispose], which the `lib` of a project may not have.
  banner: '/// <reference lib="esnext.disposable" />',
  entryFileNames: `[name]${extension}`,
  chunkFileNames: `chunk-[name]${extension}`,
});

export default () => {
  rmSync("dist", { recursive: true, force: true });
  return [
    {
      input: entries,
      external: frameworks,
      plugins: [...toJavaScript, thirdPartyNotices],
      onLog: failOnWarning,
      output: [modules("es", ".js"), modules("cjs", ".cjs")],
    },
    {
      input: entries,
      external: frameworks,
      plugins: [dts({ respectExternal: true }), thirdPartyNotices],
      onLog: failOnWarning,
      output: [types(".d.ts"), types(".d.cts")],
    },
    {
      input: cdn.source,
      plugins: toJavaScript,
      onLog: failOnWarning,
      output: {
        file: cdn.file,
        format: "iife",
        name: cdn.global,
        exports: "default",
        inlineDynamicImports: true,
        sourcemap: true,
        banner,
        plugins: [
          terser({
            ecma: 2020,
            compress: { passes: 3 },
            keep_classnames: /^ResilientEventSource$/,
            // The underscore stays, so that no member meets a field of a subclass.
            mangle: {
              properties: {
                regex: /^_[a-z]/,
                nth_identifier: { get: (n) => `_${n.toString(36)}` },
              },
            },
            format: { comments: /^!/ },
          }),
        ],
      },
    },
  ];
};

/** Only frameworks are imported, so a dependency that cannot be bundled is a mistake. */
function failOnWarning(level, log, handler) {
  handler(level === "warn" ? "error" : level, log);
}

function isPolyfill({ moduleIds }) {
  return moduleIds.some((id) => id.includes("node_modules/eventsource-polyfill"));
}

function noticesOf(packages) {
  const notices = packages.map(({ name, version, license, licenseText }) => {
    const note =
      name === "eventsource-polyfill" &&
      "Modified: see src/transport/polyfill/tame-polyfill.mjs in the source of this package.";
    return [`${name} ${version} (${license})`, note, licenseText].filter(Boolean).join("\n\n");
  });
  return [
    "This package contains code or types of the following packages, under the licences below.",
    ...notices.sort(),
  ].join(`\n\n${"-".repeat(80)}\n\n`);
}
