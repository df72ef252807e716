// @ts-check
import { readFile } from "node:fs/promises";
import { extname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder behind each path: the built library, the packages that the pages use, and otherwise the
 * demo's own files.
 */
const roots = [
  ["/dist/", "../dist/"],
  ["/uplot/", "../node_modules/uplot/dist/"],
  ["/eventsource-parser/", "../node_modules/eventsource-parser/dist/"],
  ["/fetch-event-source/", "../node_modules/@microsoft/fetch-event-source/lib/esm/"],
  ["/", "./"],
].map(([path = "", folder = ""]) => ({
  path,
  folder: fileURLToPath(new URL(folder, import.meta.url)),
}));

/**
 * The types of served files. The server's own files (.mjs) are not served.
 *
 * @type {Record<string, string | undefined>}
 */
const types = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".map": "application/json",
};

/**
 * The file behind a URL's path. Undefined where there is none.
 *
 * @param {string} pathname Still percent-encoded.
 */
export async function findFile(pathname) {
  try {
    const path = decodeURIComponent(pathname);
    const root = roots.find((each) => path.startsWith(each.path));
    if (!root) return undefined;
    const file = resolve(root.folder, path.slice(root.path.length) || "index.html");
    const type = types[extname(file)];
    // `..`, plain or encoded, must not lead out of the folder.
    if (!type || !file.startsWith(resolve(root.folder) + sep)) return undefined;
    return { type, content: await readFile(file) };
  } catch {
    // No such file, or a path that cannot be decoded or contains NUL.
    return undefined;
  }
}
