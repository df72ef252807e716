import { join } from "node:path";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import * as vite from "vite";
import { expect } from "vitest";
import webpack from "webpack";

// Production builds of an app's folder into its `dist`, as its author would make them. A warning is
// an error, since the author would see it, too.

/** With Vite, which starts from index.html. */
export async function buildWithVite(root: string): Promise<void> {
  const complaints: string[] = [];
  // A directive that only servers heed. @vitejs/plugin-react keeps the warning away from its users.
  const note = (message: string): unknown =>
    /MODULE_LEVEL_DIRECTIVE.*"use client"/.test(message) || complaints.push(message);
  const customLogger = {
    ...vite.createLogger(),
    info: () => undefined,
    warn: note,
    warnOnce: note,
    error: note,
  };
  await vite.build({ root, configFile: false, customLogger });
  expect(complaints).toEqual([]);
}

export async function buildWithWebpack(
  context: string,
  output: webpack.Configuration["output"] = {},
): Promise<void> {
  const compiler = webpack({
    mode: "production",
    context,
    entry: "./main.js",
    output: { ...output, path: join(context, "dist") },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  const { errors, warnings } = stats!.toJson({ all: false, errors: true, warnings: true });
  expect([errors, warnings]).toEqual([[], []]);
}

export async function buildWithEsbuild(
  folder: string,
  entry: string,
  options: esbuild.BuildOptions,
): Promise<void> {
  const { warnings } = await esbuild.build({
    entryPoints: [join(folder, entry)],
    outdir: join(folder, "dist"),
    bundle: true,
    minify: true,
    logLevel: "silent",
    // Its "paths" would lead to our source.
    tsconfigRaw: {},
    ...options,
  });
  expect(warnings).toEqual([]);
}
