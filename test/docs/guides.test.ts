import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compile } from "../support/package/compile.ts";
import { root } from "../support/package/dist.ts";
import { snippets } from "../support/package/markdown.ts";

const folder = `${root}/demo/guides`;

/** Names that the snippets take from the app around them. */
const app = `
import type { Decoder } from "resilient-eventsource";
declare global {
  const priceSchema: Decoder<{ eur: number }>;
  function draw(price: { eur: number }): void;
  function show(text: string): void;
  function getToken(): Promise<string>;
  const queryClient: {
    invalidateQueries(filters: { queryKey: readonly unknown[] }): Promise<void>;
  };
}
`;

test("every TypeScript snippet of the guides compiles against the package", () => {
  // A snippet that begins with the name of a file can be imported by that name.
  const nameOf = (snippet: string): string | undefined => /^\/\/ ([\w-]+\.ts)/.exec(snippet)?.[1];
  const sources = readdirSync(folder).flatMap((file) =>
    snippets(readFileSync(`${folder}/${file}`, "utf8"), "ts").map(
      (snippet, index) =>
        [nameOf(snippet) ?? `${file}-${index}.ts`, `${snippet}\nexport {};\n`] as const,
    ),
  );
  expect(sources.length).toBeGreaterThanOrEqual(10);
  const packages = [
    "@microsoft/fetch-event-source",
    "reconnecting-eventsource",
    "eventsource",
    "eventsource-parser",
    "@types/node",
    "undici-types",
    "@angular/core",
    "@trpc/client",
    "@trpc/server",
    "rxjs",
  ];
  expect(
    compile("newest", "bundler", {
      folder: "guides",
      packages,
      sources: { ...Object.fromEntries(sources), "app.ts": app },
    }),
  ).toBe("");
});

test("the snippets for frameworks compile, apart from their markup", () => {
  const guide = readFileSync(`${folder}/frameworks.md`, "utf8");
  const scriptOf = (language: string): string =>
    /<script.*?>\n(.*)<\/script>/s.exec(snippets(guide, language)[0]!)![1]!;
  const sources = {
    "react.tsx": snippets(guide, "tsx")[0]!,
    // Names that Vue's compiler declares.
    "vue.ts": `declare function defineProps<T>(): T;\n${scriptOf("vue")}`,
    "svelte.ts": scriptOf("svelte"),
    "app.ts": app,
  };
  const packages = ["@types/react", "csstype", "svelte", "vue"];
  expect(compile("newest", "bundler", { folder: "frameworks", packages, sources })).toBe("");
});

test("every file that a guide links to exists", () => {
  for (const file of readdirSync(folder)) {
    const text = readFileSync(`${folder}/${file}`, "utf8");
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path!);
    for (const link of links) expect(() => readFileSync(`${folder}/${link}`)).not.toThrow();
  }
});
