import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "terser";
import { cdn, entries, frameworks, polyfillChunk } from "../../rollup.config.mjs";

const root = new URL("../..", import.meta.url);

const gzip = (contents) => gzipSync(contents, { level: 9 }).length;

/**
 * What a user's bundle grows by, for an import like this. The polyfill chunk is loaded on demand
 * and has a figure of its own.
 *
 * @param {string} code
 * @param {"terser" | "esbuild"} [minifier]
 */
export async function bundled(code, minifier = "terser") {
  const result = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL("dist", root)) },
    bundle: true,
    format: "esm",
    target: "es2020",
    external: [`./${polyfillChunk}.js`, ...frameworks],
    minify: minifier === "esbuild",
    write: false,
    logLevel: "error",
  });
  if (minifier === "esbuild") return gzip(result.outputFiles[0].contents);
  const minified = await minify(result.outputFiles[0].text, {
    module: true,
    ecma: 2020,
    compress: { passes: 3 },
  });
  return gzip(minified.code);
}

const alone = 'export { ResilientEventSource } from "./index.js";';

/** Gzipped bytes (level 9) of everything that is downloaded in one piece. */
export async function sizes() {
  const sizeAlone = await bundled(alone);
  /** What an app that has the class grows by. */
  const others = {};
  for (const name of Object.keys(entries))
    if (name !== "index")
      others[name] = (await bundled(`${alone} export * from "./${name}.js"`)) - sizeAlone;
  return {
    ...others,
    class: sizeAlone,
    everything: await bundled('export * from "./index.js"'),
    polyfill: gzip(
      (
        await minify(readFileSync(new URL(`dist/${polyfillChunk}.js`, root), "utf8"), {
          module: true,
        })
      ).code,
    ),
    cdn: gzip(readFileSync(new URL(cdn.file, root))),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.table({
    ...(await sizes()),
    "class, minified by esbuild": await bundled(alone, "esbuild"),
  });
