import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { delayBefore } from "../../src/connection/backoff.ts";
import { defaults } from "../../src/options.ts";
import { compile } from "../support/package/compile.ts";
import { root } from "../support/package/dist.ts";
import { section, snippets, table } from "../support/package/markdown.ts";
import { oldestBrowsers } from "../support/package/oldest-browsers.ts";
import { app } from "./snippets.ts";

const folder = `${root}/demo/guides`;
const guide = (name: string): string => readFileSync(`${folder}/${name}.md`, "utf8");

test("every TypeScript snippet of the guides compiles against the package", () => {
  // A snippet that begins with the name of a file can be imported by that name.
  const nameOf = (snippet: string): string | undefined => /^\/\/ ([\w-]+\.ts)/.exec(snippet)?.[1];
  const sources = readdirSync(folder).flatMap((file) =>
    snippets(readFileSync(`${folder}/${file}`, "utf8"), "ts")
      // That one is test/docs/app.test.ts.
      .filter((snippet) => !snippet.includes('from "vitest"'))
      .map(
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
  const scriptsOf = (language: string): string[] =>
    snippets(guide("frameworks"), language).map(
      (text) => /<script.*?>\n(.*)<\/script>/s.exec(text)![1]!,
    );
  const components: Record<string, string[]> = {
    "react.tsx": snippets(guide("frameworks"), "tsx"),
    // Names that Vue's compiler declares.
    "vue.ts": scriptsOf("vue").map((text) => `declare function defineProps<T>(): T;\n${text}`),
    "svelte.ts": scriptsOf("svelte"),
  };
  const sources: Record<string, string> = { "app.ts": app };
  // The modules that the components import.
  for (const text of snippets(guide("frameworks"), "ts")) {
    const [, name] = /^\/\/ ((?:token|outages)\.ts)/.exec(text) ?? [];
    if (name) sources[name] = text;
  }
  for (const [file, texts] of Object.entries(components)) {
    expect(texts.length).toBeGreaterThan(1);
    texts.forEach((text, index) => (sources[`${index}-${file}`] = text));
  }
  const packages = ["@types/react", "csstype", "svelte", "vue"];
  expect(compile("newest", "bundler", { folder: "frameworks", packages, sources })).toBe("");
});

test("the test of an app in testing.md is test/docs/app.test.ts", () => {
  const shown = snippets(guide("testing"), "ts").find((text) => text.includes('from "vitest"'))!;
  expect(readFileSync(`${root}/test/docs/app.test.ts`, "utf8")).toContain(shown.trim());
});

test.each([
  ["Chrome", "chrome"],
  ["Edge", "edge"],
  ["Firefox", "firefox"],
  ["Safari", "safari"],
  ["iOS", "ios_saf"],
])("%s is promised from the version that the build is made for", (name, browser) => {
  expect(section(guide("limits"), "Browsers and runtimes")).toContain(
    `${name} ${oldestBrowsers[browser]!}`,
  );
});

test("every transport that the package exports has its row", () => {
  const exported = readFileSync(`${root}/src/index.ts`, "utf8").match(/\w+Transport\b(?=[ ,])/g)!;
  const rows = table(guide("transports")).map(([name]) => /^\w+Transport/.exec(name!)?.[0]);
  expect(rows.filter(Boolean).sort()).toEqual([...new Set(exported)].sort());
});

test("every member of an error has its row", () => {
  const rows = table(section(guide("reconnection"), "ConnectionError")).slice(1);
  const source = readFileSync(`${root}/src/errors.ts`, "utf8").split("class ConnectionError")[1]!;
  const declared = [...source.matchAll(/^ {2}(?:declare|override) readonly (\w+)/gm)];
  expect(declared.length).toBeGreaterThan(8);
  expect(rows.map(([member]) => member!.replaceAll("`", "")).sort()).toEqual(
    ["message", ...declared.map(([, member]) => member!)].sort(),
  );
});

describe("the table of waits", () => {
  const [[, ...retries], most, mean] = table(section(guide("reconnection"), "The waits")) as [
    string[],
    string[],
    string[],
  ];

  test.each(retries.map((retry, index) => [retry, most[index + 1]!, mean[index + 1]!]))(
    "retry %s: at most %s, on average %s",
    (retry, longest, average) => {
      const backoff = { ...defaults.backoff, jitter: "none" as const };
      const seconds = delayBefore(parseInt(retry), backoff) / 1000;
      expect([longest, average]).toEqual([`${seconds} s`, `${seconds / 2} s`]);
    },
  );
});
