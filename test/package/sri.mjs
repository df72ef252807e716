import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cdn } from "../../rollup.config.mjs";

const root = new URL("../..", import.meta.url);

/**
 * The digest with which a browser compares a script before it runs it.
 *
 * @see https://www.w3.org/TR/sri-2/
 */
export function integrity(contents) {
  return `sha384-${createHash("sha384").update(contents).digest("base64")}`;
}

/** The script tag for this version. A CDN serves the very bytes that were published. */
export function scriptTag() {
  const { name, version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  const url = `https://cdn.jsdelivr.net/npm/${name}@${version}/${cdn.file}`;
  return `<script src="${url}" integrity="${integrity(readFileSync(new URL(cdn.file, root)))}" crossorigin="anonymous"></script>`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(scriptTag());
