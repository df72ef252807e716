import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { oldestBrowsers } from "../support/package/oldest-browsers.ts";
import { isRetried } from "../../src/connection/retry.ts";
import { ConnectionError, type ConnectionErrorReason } from "../../src/errors.ts";
import { defaults } from "../../src/options.ts";
import { compile } from "../support/package/compile.ts";
import { inKilobytes, mentions, recorded } from "../package/sizes.mjs";
import { root } from "../support/package/dist.ts";

const read = (file: string): string => readFileSync(`${root}/${file}`, "utf8");
const readme = read("README.md");
/** Every document that shows TypeScript. */
const documents = [readme, read("demo/cluster/README.md")];
const code = (language: string, document = readme): string[] =>
  [...document.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs"))].map(
    ([, snippet]) => snippet!,
  );

/** The cells of the table under a heading, without its head. */
function table(heading: string): string[][] {
  const section = readme.slice(readme.indexOf(`\n## ${heading}\n`) + 1);
  const rows = section.slice(0, section.indexOf("\n## ")).match(/^\|.*\|$/gm) ?? [];
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Names that the snippets take from the app around them. */
const app = `
import type { Decoder } from "resilient-eventsource";
declare global {
  const priceSchema: Decoder<{ eur: number }>;
  function draw(price: { eur: number }): void;
  function show(text: string): void;
  function getToken(): Promise<string>;
  function refreshToken(): Promise<void>;
}
`;
/** Replaces the import that an earlier snippet has made already. */
const importing = (snippet: string): string =>
  snippet.includes("import {")
    ? snippet
    : `import { ResilientEventSource } from "resilient-eventsource";\n${snippet}`;

test("every TypeScript snippet compiles against the package", () => {
  const snippets = documents
    .flatMap((document) => code("ts", document))
    .filter((snippet) => !snippet.includes('from "vitest"'));
  expect(snippets.length).toBeGreaterThan(5);
  const sources = Object.fromEntries(
    snippets.map((snippet, index) => [`snippet-${index}.ts`, importing(snippet)]),
  );
  code("tsx").forEach((text, index) => (sources[`component-${index}.tsx`] = text));
  const packages = ["zod", "@types/react", "csstype"];
  expect(
    compile("newest", "bundler", {
      folder: "readme",
      packages,
      sources: { ...sources, "app.ts": app },
    }),
  ).toBe("");
});

test("every file that the README links to exists", () => {
  const files = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, file]) => file!);
  expect(files.length).toBeGreaterThan(8);
  expect(files.filter((file) => !existsSync(`${root}/${file}`))).toEqual([]);
});

test("every heading that the README links to exists", () => {
  const anchors = [...readme.matchAll(/^#+ (.*)/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );
  expect(
    [...readme.matchAll(/\]\(#([^)]+)\)/g)]
      .map(([, anchor]) => anchor!)
      .filter((anchor) => !anchors.includes(anchor)),
  ).toEqual([]);
});

// That the recorded sizes are the real ones is for test/package/size.test.ts.
test.each(mentions)('%s has the recorded size after "%s"', (file, before, name) => {
  const parts = read(file).split(before);
  expect(parts).toHaveLength(2);
  expect(parts[1]).toMatch(new RegExp(`^${inKilobytes(recorded[name])}(?![.\\d])`));
});

test("the README's test of an app is test/docs/app.test.ts", () => {
  const shown = code("ts").find((snippet) => snippet.includes('from "vitest"'))!;
  expect(readFileSync(`${root}/test/docs/app.test.ts`, "utf8")).toContain(shown.trim());
});

test.each([
  ["Chrome", "chrome"],
  ["Edge", "edge"],
  ["Firefox", "firefox"],
  ["Safari", "safari"],
  ["iOS", "ios_saf"],
])("%s is promised from the version that the build is made for", (name, browser) => {
  expect(readme).toContain(`${name} ${oldestBrowsers[browser]!}`);
});

describe("the options", () => {
  const flat = {
    ...defaults,
    ...Object.fromEntries(
      Object.entries(defaults.backoff).map(([name, value]) => [`backoff.${name}`, value]),
    ),
  };
  const shown = new Map(
    table("Options").map(([name, fallback]) => [
      name!.replaceAll("`", ""),
      fallback!.replaceAll("`", ""),
    ]),
  );

  test.each(Object.entries(flat).filter(([name]) => name !== "backoff"))(
    "%s has its default",
    (name, value) => {
      expect(shown.get(name)).toBe(
        typeof value === "string" ? JSON.stringify(value) : String(value as number),
      );
    },
  );

  test("all of them are there, and no other", () => {
    const source = readFileSync(`${root}/src/options.ts`, "utf8");
    const members = (name: string) => {
      const start = source.indexOf(`export interface ${name} {`);
      return [...source.slice(start, source.indexOf("\n}", start)).matchAll(/^ {2}(\w+)\?:/gm)].map(
        ([, member]) => member!,
      );
    };
    const expected = [
      "events",
      ...members("ResilientEventSourceOptions").filter((name) => name !== "backoff"),
      ...members("BackoffOptions").map((name) => `backoff.${name}`),
    ];
    expect([...shown.keys()].sort()).toEqual([...new Set(expected)].sort());
  });
});

describe("what is retried", () => {
  const rows = table("What is retried");

  test.each(rows)("%s: %s", (what, answer) => {
    const [, reason, rest = ""] = /^`([\w-]+)`(.*)/.exec(what)!;
    const statuses = rest.includes("408")
      ? [408, 425, 429, 500, 502, 503, 599]
      : reason === "status"
        ? [204, 301, 400, 401, 403, 404, 410, 600]
        : [200];
    for (const status of statuses)
      expect(
        isRetried(new ConnectionError("", { reason: reason as ConnectionErrorReason, status })),
      ).toBe(answer.startsWith("yes"));
  });

  test("every reason has a row", () => {
    const reasons: Record<ConnectionErrorReason, true> = {
      network: true,
      ended: true,
      timeout: true,
      rejected: true,
      status: true,
      "content-type": true,
      redirect: true,
      unsupported: true,
    };
    expect(new Set(rows.map(([what]) => /`([\w-]+)`/.exec(what!)![1]))).toEqual(
      new Set(Object.keys(reasons)),
    );
  });
});
