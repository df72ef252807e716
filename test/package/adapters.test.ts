import { build } from "esbuild";
import { expect, test } from "vitest";
import { frameworks } from "../../rollup.config.mjs";
import { dist, root } from "../support/package/dist.ts";

const entries = ["index", "react", "svelte", "vue", "testing"];

/** In the class and nowhere else. */
const MARK = "is not a valid URL";

test.each([
  [
    "import",
    "js",
    (file: string, index: number) =>
      `import * as entry${index} from ${file}; console.log(entry${index});`,
  ],
  ["require", "cjs", (file: string) => `console.log(require(${file}));`],
])("an app that takes every entry by %s has the class once", async (_, extension, load) => {
  const contents = entries
    .map((name, index) => load(JSON.stringify(dist(`${name}.${extension}`)), index))
    .join("\n");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    write: false,
    format: "esm",
    external: frameworks,
    logLevel: "error",
  });
  expect(outputFiles[0]!.text.split(MARK)).toHaveLength(2);
});
