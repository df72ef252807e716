import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Lang, parse } from "@ast-grep/napi";

/**
 * One place in the source and what to put there.
 *
 * @typedef {object} Change
 * @property {string | import("@ast-grep/napi").Rule} find The code to find: a rule of ast-grep, or a
 *   pattern, in which `$NAME` matches any expression and `$$$NAME` any number of them.
 * @property {string[]} [within] Names of the functions, methods or classes around it, from the
 *   outside in. Any number of others may be between them.
 * @property {string} replace The code to put there, with the same variables.
 */

/**
 * The TypeScript files of the source.
 *
 * @param {string} root The folder of the project.
 * @returns {Map<string, string>} Their texts by path from there.
 */
export function readSources(root) {
  const paths = readdirSync(join(root, "src"), { recursive: true }).filter((path) =>
    path.endsWith(".ts"),
  );
  return new Map(
    paths.map((path) => [join("src", path), readFileSync(join(root, "src", path), "utf8")]),
  );
}

/** The names of variables in a replacement. */
const VARIABLE = /\$\$\$([A-Z_]+)|\$([A-Z_]+)/g;

const named = (name) => ({ has: { field: "name", regex: `^${name}$` } });

/** A rule that also demands the functions around what it finds. */
function ruleOf({ find, within = [] }) {
  const rule = typeof find === "string" ? { pattern: find } : find;
  const around = within.reduce(
    (outer, name) => ({
      ...named(name),
      ...(outer && { inside: { ...outer, stopBy: "end" } }),
    }),
    undefined,
  );
  return around ? { all: [rule, { inside: { ...around, stopBy: "end" } }] } : rule;
}

/** Files are parsed once. */
const trees = new Map();
const rootOf = (text) => {
  if (!trees.has(text)) trees.set(text, parse(Lang.TypeScript, text).root());
  return trees.get(text);
};

const fill = (template, match) =>
  template.replace(VARIABLE, (_, many, one) =>
    many
      ? match
          .getMultipleMatches(many)
          .map((node) => node.text())
          .join("\n")
      : match.getMatch(one).text(),
  );

/**
 * Makes one change in a set of files.
 *
 * @param {ReadonlyMap<string, string>} files Their texts by name.
 * @param {Change} change
 * @returns {[file: string, text: string]} The file that changes, and its new text.
 * @throws Error unless exactly one place is found, or if nothing changes.
 */
function apply(files, change) {
  const rule = ruleOf(change);
  const places = [...files].flatMap(([file, text]) => {
    const root = rootOf(text);
    return root.findAll({ rule }).map((match) => ({ file, root, match }));
  });
  const [place] = places;
  if (places.length !== 1) {
    const found = places.map(({ file, match }) => `${file}:${match.range().start.line + 1}`);
    throw new Error(
      `${places.length} places instead of one (${found.join(", ")}) for ${JSON.stringify(rule)}`,
    );
  }
  const { file, root, match } = place;
  const text = root.commitEdits([match.replace(fill(change.replace, match))]);
  if (text === files.get(file)) throw new Error(`no change in ${file}: ${JSON.stringify(rule)}`);
  return [file, text];
}

/**
 * Makes the changes of a mutation, one after the other.
 *
 * @param {ReadonlyMap<string, string>} files The texts of all source files by name.
 * @param {readonly Change[]} changes
 * @returns {Map<string, string>} The new texts of those files that change.
 * @throws Error for a change that fits no place or several.
 */
export function mutate(files, changes) {
  const changed = new Map();
  for (const change of changes) {
    const [file, text] = apply(new Map([...files, ...changed]), change);
    changed.set(file, text);
  }
  return changed;
}
