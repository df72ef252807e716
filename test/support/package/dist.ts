import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The path of a built file. Tests of the package look at what users get. */
export function dist(file: string): string {
  const path = fileURLToPath(new URL(`../../../dist/${file}`, import.meta.url));
  if (!existsSync(path)) throw new Error(`dist/${file} is missing: run "npm run build" first.`);
  return path;
}
