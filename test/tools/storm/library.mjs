import { build } from "esbuild";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Compiles the library's own code from src. */
export async function loadLibrary() {
  const parts = ["connection/backoff", "connection/retry", "index", "option-checks"];
  const result = await build({
    stdin: {
      contents: parts.map((part) => `export * from "./${part}.ts";`).join("\n"),
      resolveDir: fileURLToPath(new URL("../../../src", import.meta.url)),
      loader: "ts",
    },
    bundle: true,
    format: "esm",
    platform: "node",
    // The polyfill is for browsers, not for Node.
    external: ["*/polyfill-fetch.ts"],
    write: false,
  });
  // A file, not a data: URL: that would be in each line of each stack trace. When thousands of
  // sources were closed, these took several gigabytes.
  const folder = mkdtempSync(join(tmpdir(), "storm-"));
  try {
    const file = join(folder, "library.mjs");
    writeFileSync(file, result.outputFiles[0].text);
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
