// @ts-check
import { readFile } from "node:fs/promises";
import { extname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const demo = fileURLToPath(new URL(".", import.meta.url));
const dist = fileURLToPath(new URL("../dist/", import.meta.url));

/** What is served, and as what. The server's own files (.mjs) are not. @type {Record<string, string | undefined>} */
const types = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".map": "application/json",
};

/**
 * The file behind a URL's path: `/dist/…` is the built library, everything else is a page of the demo. Undefined where there is none.
 *
 * @param {string} pathname Still percent-encoded.
 */
export async function findFile(pathname) {
  try {
    const path = decodeURIComponent(pathname);
    const [root, name] = path.startsWith("/dist/") ? [dist, path.slice("/dist/".length)] : [demo, path.slice(1) || "index.html"];
    const file = resolve(root, name);
    const type = types[extname(file)];
    // `..`, plain or encoded, must not lead out.
    if (!type || !file.startsWith(resolve(root) + sep)) return undefined;
    return { type, content: await readFile(file) };
  } catch {
    // No such file, or no such name: a NUL in it, or an encoding that is none.
    return undefined;
  }
}
