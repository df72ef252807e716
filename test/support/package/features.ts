import type { CompatData, Identifier, SupportStatement } from "@mdn/browser-compat-data";
import { createRequire } from "node:module";
import ts from "typescript";

// Read as data: Vite would make a module of its 20 MB.
const compat = createRequire(import.meta.url)("@mdn/browser-compat-data") as CompatData;

/**
 * The features of JavaScript and of the web platform that code uses, by their names in MDN's
 * browser-compat-data: "api.Navigator.locks". The compiler finds those it knows from its own
 * declarations (lib.*.d.ts). Options of platform functions are not included.
 */
export function featuresOf(files: readonly string[], options: ts.CompilerOptions): Set<string> {
  const program = ts.createProgram(files, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const isPlatform = (node: ts.Node): boolean =>
    program.isSourceFileDefaultLibrary(node.getSourceFile());
  const features = new Set<string>();
  const note = (names: readonly string[]): void => {
    const known = names.find((name) => supportOf(name));
    if (known) features.add(known);
  };

  const noteGlobal = (node: ts.Identifier): void => {
    const declarations = checker.getSymbolAtLocation(node)?.declarations ?? [];
    if (
      declarations.some(
        (one) =>
          isPlatform(one) && (ts.isVariableDeclaration(one) || ts.isFunctionDeclaration(one)),
      )
    ) {
      note([`javascript.builtins.${node.text}`, `api.${node.text}`, `api.Window.${node.text}`]);
    }
  };
  const noteMember = (type: ts.Type, name: string): void => {
    const owner = checker.getApparentType(type);
    const declarations = (checker.getPropertyOfType(owner, name)?.declarations ?? []).filter(
      isPlatform,
    );
    if (declarations.length === 0) return;
    const owners = [owner.symbol?.name, ...declarations.map(({ parent }) => nameOf(parent))].map(
      (each = "") => each.replace(/^Readonly(?=Array|Map|Set)|Constructor$/g, ""),
    );
    note([
      ...owners.flatMap((each) => [
        `api.${each}.${name}`,
        `api.${each}.${name}_static`,
        `javascript.builtins.${each}.${name}`,
      ]),
      // A member that is not listed is as old as its interface.
      ...owners.flatMap((each) => [`api.${each}`, `javascript.builtins.${each}`]),
    ]);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) return;
    if (ts.isPropertyAccessExpression(node))
      noteMember(checker.getTypeAtLocation(node.expression), node.name.text);
    else if (ts.isBindingElement(node))
      noteMember(
        checker.getTypeAtLocation(node.parent),
        (node.propertyName ?? node.name).getText(),
      );
    else if (ts.isIdentifier(node)) noteGlobal(node);
    ts.forEachChild(node, visit);
  };
  for (const file of program.getSourceFiles()) if (!file.isDeclarationFile) visit(file);
  return features;
}

/**
 * The name of an interface, or of the variable that declares the statics: `declare var Response: {
 * error(): Response }`.
 */
function nameOf(node: ts.Node): string | undefined {
  if (ts.isInterfaceDeclaration(node)) return node.name.text;
  return ts.isTypeLiteralNode(node) && ts.isVariableDeclaration(node.parent)
    ? node.parent.name.getText()
    : undefined;
}

/** True if a browser (by its name in browserslist) has a feature in this version. */
export function has(browser: string, version: string, feature: string): boolean {
  // The first statement is about the present.
  const [statement] = [supportOf(feature)?.[browser === "ios_saf" ? "safari_ios" : browser]].flat();
  const added = statement?.version_added;
  return typeof added === "string" && isAtMost(added.replace("≤", ""), version);
}

function supportOf(feature: string): Partial<Record<string, SupportStatement>> | undefined {
  let at: Identifier | undefined = compat as unknown as Identifier;
  for (const part of feature.split("."))
    at = at && Object.hasOwn(at, part) ? (at as Record<string, Identifier>)[part] : undefined;
  return at?.__compat?.support;
}

/** "14.1" ≤ "14.5". "preview" is not ≤ anything. */
function isAtMost(a: string, b: string): boolean {
  const [[major, minor = 0], [otherMajor, otherMinor = 0]] = [a, b].map((version) =>
    version.split(".").map(Number),
  ) as [[number, number?], [number, number?]];
  return major < otherMajor || (major === otherMajor && minor <= otherMinor);
}
