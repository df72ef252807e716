import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isRetried } from "../../src/connection/retry.ts";
import { ConnectionError, type ConnectionErrorReason } from "../../src/errors.ts";
import { defaults } from "../../src/options.ts";
import { compile } from "../support/package/compile.ts";
import { root } from "../support/package/dist.ts";
import { section, snippets, table as tableOf } from "../support/package/markdown.ts";
import { inKilobytes, mentions, recorded } from "../package/sizes.mjs";
import { app, importing, members } from "./snippets.ts";

const read = (file: string): string => readFileSync(`${root}/${file}`, "utf8");
const readme = read("README.md");
const comparison = read("demo/guides/comparison.md");
/** The names in backticks. */
const named = (text: string): string[] => [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name!);

/** The cells of the first table under a heading, without its head. */
function table(heading: string, text = readme): string[][] {
  const rows = /(?:^\|.*\|\n)+/m.exec(section(text, heading))![0].match(/^\|.*\|$/gm)!;
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test("it has at most 250 lines", () => {
  expect(readme.trimEnd().split("\n").length).toBeLessThanOrEqual(250);
});

test("every TypeScript snippet compiles against the package", () => {
  const documents = [readme, read("demo/cluster/README.md")];
  const shown = documents.flatMap((document) => snippets(document, "ts"));
  expect(shown.length).toBeGreaterThan(8);
  expect(
    compile("newest", "bundler", {
      folder: "readme",
      packages: ["zod"],
      sources: {
        ...Object.fromEntries(
          shown.map((snippet, index) => [`snippet-${index}.ts`, importing(snippet)]),
        ),
        "app.ts": app,
      },
    }),
  ).toBe("");
});

// That the recorded sizes are the real ones is for test/package/size.test.ts.
test.each(mentions)('%s has the recorded size after "%s"', (file, before, name) => {
  const parts = read(file).split(before);
  expect(parts).toHaveLength(2);
  expect(parts[1]).toMatch(new RegExp(`^${inKilobytes(recorded[name])}(?![.\\d])`));
});

describe("the first table", () => {
  const [[, ...peers], ...rows] = tableOf(readme.slice(0, readme.indexOf("\n## "))) as [
    string[],
    ...string[][],
  ];

  test("has five rows, for ours, native and four packages", () => {
    expect([rows.length, peers.length, ...peers.slice(0, 2)]).toEqual([5, 6, "ours", "native"]);
  });

  test.each(rows)("the row %s is that of the comparison", (name, ...cells) => {
    const found = ["When a connection ends", "What each can do"].flatMap((heading) => {
      const [[, ...names], ...all] = tableOf(section(comparison, heading)) as [
        string[],
        ...string[][],
      ];
      return all
        .filter(([row]) => row === name)
        .map(([, ...row]) => peers.map((peer) => row[names.indexOf(peer)]));
    });
    expect(found).toEqual([cells]);
  });
});

test("the number of packages is that of the comparison", () => {
  const [names] = tableOf(section(comparison, "What each can do"));
  const count = ["five", "six", "seven", "eight", "nine"].indexOf(
    /more rows and (\w+) packages/.exec(readme)![1]!,
  );
  // In addition to the names of the rows, ours and native.
  expect(count + 5).toBe(names!.length - 3);
});

describe("the states", () => {
  const interfaces: Record<string, string> = {
    connecting: "ConnectingState",
    open: "OpenState",
    waiting: "WaitingState",
    paused: "PausedState",
    closed: "ClosedState",
  };
  const rows = table("States and events");

  test("each has a row", () => {
    expect(rows.map(([status]) => named(status!)[0])).toEqual(Object.keys(interfaces));
  });

  test.each(rows)("%s has these members", (status, _readyState, data) => {
    const source = read("src/connection/state.ts");
    expect(named(data)).toEqual(
      members(source, interfaces[named(status)[0]!]!).filter((name) => name !== "status"),
    );
  });
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
    const source = read("src/options.ts");
    const expected = [
      "events",
      ...members(source, "ResilientEventSourceOptions").filter((name) => name !== "backoff"),
      ...members(source, "BackoffOptions").map((name) => `backoff.${name}`),
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
