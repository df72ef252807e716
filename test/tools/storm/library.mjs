import { build } from "esbuild";
import { fileURLToPath } from "node:url";

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
  return import(`data:text/javascript,${encodeURIComponent(result.outputFiles[0].text)}`);
}
