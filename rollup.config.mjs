import nodeResolve from "@rollup/plugin-node-resolve";
import browserslist from "browserslist";
import { transform } from "esbuild";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { dts } from "rollup-plugin-dts";
import { minify as terser } from "terser";
import { tamePolyfill } from "./src/transport/polyfill/tame-polyfill.mjs";

/**
 * What the package exports: the name of the file in dist → its source.
 * A row here needs its twin in the `exports` of package.json.
 */
export const entries = {
  index: "src/index.ts",
  react: "src/adapters/react.ts",
  svelte: "src/adapters/svelte.ts",
  testing: "src/testing.ts",
  vue: "src/adapters/vue.ts",
};

/** What an app that imports an adapter has already. Everything else is bundled. */
export const frameworks = ["react", "svelte/reactivity", "svelte/store", "vue"];

/** The source of the script-tag build; its default export becomes the global. */
export const cdn = {
  source: "src/cdn.ts",
  file: "dist/resilient-eventsource.min.js",
  global: "ResilientEventSource",
};

/** The chunk that only a browser without EventSource and without streaming fetch downloads. */
export const polyfillChunk = "polyfill";

/**
 * The oldest browsers that the build must run in, by their names in browserslist, from package.json.
 *
 * @type {Record<string, string>}
 */
export const oldestBrowsers = oldestOf(browserslist(undefined, { path: import.meta.dirname }));

const NOTICES = "THIRD-PARTY-NOTICES.txt";
const banner = `/*! resilient-eventsource, MIT licence. Contains eventsource-parser and eventsource-polyfill (MIT) and exponential-backoff (Apache-2.0): see ${NOTICES} */`;

/** Nothing but a framework is left to import, so a dependency that cannot be bundled is a mistake. */
function failOnWarning(level, log, handler) {
  handler(level === "warn" ? "error" : level, log);
}

const plugins = () => [
  tamePolyfill(),
  backoffSource(),
  typescript(),
  nodeResolve({ extensions: [".js", ".ts"] }),
];

const isPolyfill = (chunk) =>
  chunk.moduleIds.some((id) => id.includes("node_modules/eventsource-polyfill"));

const modules = (format, extension) => ({
  dir: "dist",
  format,
  exports: "named",
  // For browsers' debuggers, with the sources in them. Node runs the CommonJS as it is, and it can be read.
  sourcemap: format === "es",
  // Bundlers would warn of imports of nothing.
  hoistTransitiveImports: false,
  entryFileNames: `[name]${extension}`,
  chunkFileNames: (chunk) => (isPolyfill(chunk) ? polyfillChunk : "chunk-[name]") + extension,
});

/** `using` works on our class, so its types name Symbol.dispose, which a project's `lib` may not have. */
const types = (extension) => ({
  dir: "dist",
  format: "es",
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
      plugins: [...plugins(), thirdPartyNotices(NOTICES)],
      onLog: failOnWarning,
      output: [modules("es", ".js"), modules("cjs", ".cjs")],
    },
    {
      input: entries,
      external: frameworks,
      plugins: [dts({ respectExternal: true })],
      onLog: failOnWarning,
      output: [types(".d.ts"), types(".d.cts")],
    },
    {
      input: cdn.source,
      plugins: plugins(),
      onLog: failOnWarning,
      output: {
        file: cdn.file,
        format: "iife",
        name: cdn.global,
        exports: "default",
        inlineDynamicImports: true,
        sourcemap: true,
        banner,
        plugins: [minify()],
      },
    },
  ];
};

/**
 * A Rollup plugin that compiles our TypeScript with esbuild. A property that starts with `_` is internal: it gets a short name, the same in
 * every file and every output. The short names keep the `_`, so they cannot meet a field that someone's subclass declares.
 */
function typescript() {
  const mangleCache = shortNames("src");
  return {
    name: "typescript",
    async transform(code, id) {
      if (!id.endsWith(".ts")) return null;
      const result = await transform(code, {
        loader: "ts",
        target: esbuildTargets(oldestBrowsers),
        // Chrome 80 to 90 have it, but for spread arguments behind it, which we have not.
        supported: { "optional-chain": true },
        sourcefile: id,
        sourcemap: true,
        mangleProps: /^_[a-z]/,
        mangleCache,
        // As tsc does for ES2020: fields are assigned, which needs no helper function.
        tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
      });
      return { code: result.code, map: result.map };
    },
  };
}

function oldestOf(browsers) {
  const oldest = {};
  for (const browser of browsers) {
    const [name, versions] = browser.split(" ");
    // A range ("14.0-14.4") stands for its beginning.
    const [version] = versions.split("-");
    if (!(Number(oldest[name]) <= Number(version))) oldest[name] = version;
  }
  return oldest;
}

/** The same browsers by the names that esbuild has for them. */
function esbuildTargets(browsers) {
  return Object.entries(browsers).map(
    ([name, version]) => (name === "ios_saf" ? "ios" : name) + version,
  );
}

function shortNames(folder) {
  const names = new Set();
  for (const file of readdirSync(folder, { recursive: true }).sort())
    if (file.endsWith(".ts"))
      for (const [name] of readFileSync(join(folder, file), "utf8").matchAll(
        /(?<![\w$])_[a-z]\w*/g,
      ))
        names.add(name);
  return Object.fromEntries([...names].map((name, index) => [name, `_${index.toString(36)}`]));
}

const PACKED = /^exponential-backoff\/dist\/(.+)\.js$/;

/**
 * A Rollup plugin that takes exponential-backoff from the TypeScript that its package also carries: the same arithmetic, but as ES modules
 * and native classes it is half the bytes of the ES5 CommonJS files, and a bundler can drop what is not used.
 */
function backoffSource() {
  return {
    name: "backoff-source",
    resolveId(specifier) {
      const file = PACKED.exec(specifier)?.[1];
      return file
        ? fileURLToPath(
            new URL(`./node_modules/exponential-backoff/src/${file}.ts`, import.meta.url),
          )
        : null;
    },
  };
}

/** A Rollup plugin for the script-tag build. The readable builds stay readable: whoever bundles them minifies them. */
function minify() {
  return {
    name: "minify",
    async renderChunk(code) {
      const { code: small, map } = await terser(code, {
        ecma: 2020,
        compress: { passes: 3 },
        keep_classnames: /^ResilientEventSource$/,
        sourceMap: true,
        format: { comments: /^!/ },
      });
      return { code: small, map };
    },
  };
}

/** Packages whose types are inlined into ours although none of their code is. */
const TYPES_ONLY = ["@standard-schema/spec"];

const PATCHED = {
  "eventsource-polyfill":
    "Modified: see src/transport/polyfill/tame-polyfill.mjs in the source of this package.",
};

/** A Rollup plugin that writes the licence texts of everything bundled, found by looking at what really was. */
function thirdPartyNotices(fileName) {
  return {
    name: "third-party-notices",
    generateBundle() {
      const roots = new Set(TYPES_ONLY.map((name) => join("node_modules", name)));
      for (const id of this.getModuleIds()) {
        if (id.includes("node_modules")) roots.add(packageRoot(id));
      }
      const notices = [...new Set([...roots].map(notice))].sort();
      const intro =
        "This package contains code or types of the following packages, under the licences below.";
      this.emitFile({
        type: "asset",
        fileName,
        source: [intro, ...notices].join(`\n\n${"-".repeat(80)}\n\n`) + "\n",
      });
    },
  };
}

function packageRoot(file) {
  let folder = dirname(file);
  while (!isPackage(folder)) folder = dirname(folder);
  return folder;
}

/** A nested package.json may only say `"type"`; the root's has a name. */
function isPackage(folder) {
  const file = join(folder, "package.json");
  return existsSync(file) && "version" in JSON.parse(readFileSync(file, "utf8"));
}

function notice(root) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const text = readFileSync(join(root, "LICENSE"), "utf8").trim();
  return [`${name} ${version} (${license})`, PATCHED[name], text].filter(Boolean).join("\n\n");
}
