import { readdirSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, LogLevel, ReflectionKind } from "typedoc";
import { entries } from "../../rollup.config.mjs";

const root = new URL("../..", import.meta.url);
const path = (file) => fileURLToPath(new URL(file, root));

/** The folder of the reference; ignored by git. */
export const folder = ".docs";

/** Next to the reference: the guides, and what the README and the guides lead to. */
export const documents = [
  ...readdirSync(new URL("demo/guides", root)).map((file) => `demo/guides/${file}`),
  "demo/cluster/README.md",
  "test/tools/storm/README.md",
  ".github/CONTRIBUTING.md",
  ".github/SECURITY.md",
  "CHANGELOG.md",
];

/** Types that the compiler infers and nobody names; the text around them describes them. */
const machinery = [
  "AnyHandler",
  "Handler",
  "IterableParts",
  "ListedNames",
  "PlainArguments",
  "Secondary",
  "Widened",
];

/**
 * Writes the reference of every entry, from the docstrings. `problems` are TypeDoc's warnings: a
 * public member without a docstring, a broken link, a type that is used but not exported.
 */
export async function readReference() {
  const problems = [];
  const app = await Application.bootstrap({
    name: "resilient-eventsource",
    includeVersion: true,
    entryPoints: Object.values(entries).map(path),
    tsconfig: path("tsconfig.json"),
    readme: path("README.md"),
    projectDocuments: documents.map(path),
    highlightLanguages: [
      ...["typescript", "tsx", "javascript", "html", "vue", "svelte", "sh", "yaml"],
      ...["java", "php", "nginx", "mermaid"],
    ],
    includeHierarchySummary: false,
    disableSources: true,
    excludePrivate: true,
    excludeProtected: true,
    excludeExternals: true,
    intentionallyNotExported: machinery,
    validation: {
      notExported: true,
      invalidLink: true,
      invalidPath: true,
      rewrittenLink: true,
      notDocumented: true,
    },
  });
  app.logger.log = (message, level) => {
    if (level >= LogLevel.Warn) problems.push(message);
  };
  const project = await app.convert();
  // They are imported without the folder.
  for (const module of project?.getChildrenByKind(ReflectionKind.Module) ?? [])
    module.name = posix.basename(module.name);
  if (project) app.validate(project);
  return { app, project, problems };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { app, project, problems } = await readReference();
  if (project) await app.generateDocs(project, path(folder));
  for (const problem of problems) console.error(problem);
  if (problems.length) process.exitCode = 1;
  else console.log(`${folder}/index.html`);
}
