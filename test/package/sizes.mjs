import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "terser";
import { cdn, entries, frameworks, polyfillChunk } from "../../rollup.config.mjs";

const root = new URL("../..", import.meta.url);

const gzip = (contents) => gzipSync(contents, { level: 9 }).length;

/**
 * The bytes that an import like this adds to a bundle. The polyfill chunk is loaded on demand
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

/** The sizes in bytes when they were last written down; the only figures that people maintain. */
const record = new URL("sizes.json", import.meta.url);
export const recorded = JSON.parse(readFileSync(record, "utf8"));

/** Where a size stands in a text, in kB: the file, what comes before the figure, the size. */
export const mentions = [
  ["README.md", "one connection for all tabs. About ", "class"],
  ["demo/guides/proof.md", "The class alone is ", "class"],
  ["demo/guides/proof.md", "minified by terser and gzipped (", "esbuild"],
  ["demo/guides/proof.md", "by esbuild), everything ", "everything"],
  ["demo/guides/proof.md", " kB, the script-tag file ", "cdn"],
  ["demo/guides/comparison.md", "| kB               | ", "class"],
];

/** A size as the texts give it. */
export const inKilobytes = (bytes) => (bytes / 1000).toFixed(1);

const alone = 'export { ResilientEventSource } from "./index.js";';

/** Gzipped bytes (level 9) of everything that is downloaded in one piece. */
export async function sizes() {
  const sizeAlone = await bundled(alone);
  /** The bytes that it adds to an app that has the class. */
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
    // The class again, as esbuild's minifier makes it.
    esbuild: await bundled(alone, "esbuild"),
  };
}

/** Records the sizes, here and in the texts. */
function write(measured) {
  writeFileSync(record, `${JSON.stringify(measured, undefined, 2)}\n`);
  for (const [file, before, name] of mentions) {
    const text = readFileSync(new URL(file, root), "utf8");
    const at = text.indexOf(before) + before.length;
    const after = text.slice(at).replace(/^[\d.]+/, inKilobytes(measured[name]));
    writeFileSync(new URL(file, root), text.slice(0, at) + after);
  }
}

// npm run size; with `-- --write` it records what it finds.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const measured = await sizes();
  console.table(measured);
  if (process.argv.includes("--write")) write(measured);
}
