import { readFileSync } from "node:fs";
import { QueryClient } from "@tanstack/query-core";
import { transform } from "esbuild";
import { afterEach, beforeEach, expect, test } from "vitest";
import { json, ResilientEventSource, type ResilientEventSourceOptions } from "../../src/index.ts";
import { fakeStream } from "../../src/testing.ts";
import { root } from "../support/package/dist.ts";
import { section, snippets } from "../support/package/markdown.ts";

const guide = readFileSync(`${root}/demo/guides/deploys.md`, "utf8");
const [recipe] = snippets(section(guide, "Was anything missed?"), "ts");

const stream = fakeStream();

/** The recipe's source, which the test serves. */
class Served extends ResilientEventSource {
  constructor(url: string, options: ResilientEventSourceOptions) {
    const backoff = { startingDelay: 0 };
    super(`https://example.com${url}`, { ...options, backoff, transport: stream.transport });
  }
}

let queryClient: QueryClient;
let source: ResilientEventSource;
beforeEach(async () => {
  queryClient = new QueryClient();
  for (const id of ["1", "2"]) queryClient.setQueryData(["orders", id], { id });
  const { code } = await transform(recipe!.replace(/^import .*/m, ""), { loader: "ts" });
  // oxlint-disable-next-line typescript/no-implied-eval -- It is the guide's own code.
  const run = new Function("ResilientEventSource", "json", "queryClient", `${code}return source;`);
  source = (run as (...names: unknown[]) => ResilientEventSource)(Served, json, queryClient);
  await stream.requested();
});
afterEach(() => {
  source.close();
  queryClient.clear();
});

/** The orders that the app would load again. */
const stale = (): unknown[] =>
  queryClient
    .getQueryCache()
    .getAll()
    .filter(({ state }) => state.isInvalidated)
    .map(({ queryKey }) => queryKey[1]);

test("the recipe for TanStack Query: an event invalidates its order", () => {
  stream.open();
  expect(stale()).toEqual([]);
  stream.send("order", { id: "2" });
  expect(stale()).toEqual(["2"]);
});

test.each([
  ["7", []],
  [undefined, ["1", "2"]],
])("the recipe for TanStack Query: a gap after the id %s invalidates %j", async (id, expected) => {
  stream.send("order", { id: "3" }, { id });
  expect(stale()).toEqual([]);
  stream.drop();
  await stream.settled();
  await stream.requested();
  stream.open();
  expect(stream.requests.at(-1)).toMatchObject({ lastEventId: id ?? "", attempt: 1 });
  expect(stale()).toEqual(expected);
});
