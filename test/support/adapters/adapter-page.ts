import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build, type Plugin } from "esbuild";
import { compile, compileModule } from "svelte/compiler";
import type { Props } from "../../adapters/pages/page.ts";
import { dist, root } from "../package/dist.ts";
import { inTemporaryFolder } from "../package/pack.ts";
import { PATIENCE } from "../patience.ts";

/** A file of test/adapters/pages, and substitutes for packages that it imports. */
export interface PageSource {
  page: string;
  alias?: Record<string, string>;
}

type Side = "client" | "server";

/** Svelte's components, and modules with runes. */
function svelte(generate: Side): Plugin {
  return {
    name: "svelte",
    setup({ onLoad }) {
      onLoad({ filter: /\.svelte(\.js)?$/ }, ({ path }) => {
        const isModule = path.endsWith(".js");
        const { js } = (isModule ? compileModule : compile)(readFileSync(path, "utf8"), {
          filename: path,
          generate,
          dev: true,
        });
        return { contents: js.code, loader: "js" };
      });
    },
  };
}

async function bundle(file: string, side: Side, alias: PageSource["alias"] = {}): Promise<string> {
  const entries = ["react", "vue", "svelte"].map((name) => [
    `resilient-eventsource/${name}`,
    dist(`${name}.js`),
  ]);
  const { outputFiles } = await build({
    entryPoints: [join(root, "test/adapters/pages", file)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: side === "client" ? "browser" : "node",
    // The development build: frameworks check more there, and only there StrictMode has an effect.
    define: {
      "process.env.NODE_ENV": '"development"',
      __VUE_OPTIONS_API__: "false",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "true",
    },
    conditions: ["development"],
    alias: { ...Object.fromEntries(entries), "resilient-eventsource": dist("index.js"), ...alias },
    // CommonJS packages in a bundle for Node require its modules that way.
    banner:
      side === "server"
        ? { js: 'import { createRequire } from "node:module"; const require = createRequire("/");' }
        : {},
    // Its "paths" would lead to the source.
    tsconfigRaw: {},
    plugins: [svelte(side)],
    logLevel: "error",
  });
  return outputFiles[0]!.text;
}

/** The page's script. */
export function pageScript({ page, alias }: PageSource): Promise<string> {
  return bundle(`${page}.ts`, "client", alias);
}

/** Renders on the server, in a Node process of its own. It must end on its own. */
export async function renderInNode({ page, alias }: PageSource, props: Props): Promise<string> {
  const script = await bundle(`${basename(page)}-server.ts`, "server", alias);
  return inTemporaryFolder((folder) => {
    writeFileSync(join(folder, "server.mjs"), script);
    return execFileSync(process.execPath, [join(folder, "server.mjs"), JSON.stringify(props)], {
      encoding: "utf8",
      timeout: PATIENCE,
    });
  });
}
