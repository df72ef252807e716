import { transformSync } from "esbuild";
import { readFileSync } from "node:fs";
import * as rxjs from "rxjs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as library from "../../src/index.ts";
import { root } from "../support/package/dist.ts";
import { snippets } from "../support/package/markdown.ts";
import { FaultServer } from "../support/server/fault-server.ts";

// The snippet for RxJS in the guide, run as it stands there. (guides.test.ts compiles it.)

/** A module of its own for each test. */
function load(): { prices: rxjs.Observable<{ eur: number }> } {
  const guide = readFileSync(`${root}/demo/guides/frameworks.md`, "utf8");
  const snippet = snippets(guide, "ts").find((text) => text.includes('from "rxjs"'))!;
  const { code } = transformSync(snippet, { loader: "ts", format: "cjs" });
  const require = (name: string): unknown => (name === "rxjs" ? rxjs : library);
  const module: { exports: unknown } = { exports: {} };
  // oxlint-disable-next-line typescript/no-implied-eval -- our own guide
  new Function("require", "module", code)(require, module);
  return module.exports as ReturnType<typeof load>;
}

let server: FaultServer;
beforeEach(async () => {
  server = await FaultServer.start();
  vi.stubGlobal("location", { href: server.origin });
});
afterEach(() => {
  server.close();
  vi.unstubAllGlobals();
});

const event = (id: number): string => `id: ${id}\nevent: price\ndata: {"eur":${id}}\n\n`;

test("prices come, over an outage, until the subscription ends; then nothing is left", async () => {
  let asked = 0;
  server.serve("/prices", (_, connection) => {
    connection.head().write(`retry: 100\n${event(++asked)}`);
    if (asked === 1) connection.end();
  });
  const heard: number[] = [];
  const subscription = load().prices.subscribe(({ eur }) => heard.push(eur));
  await expect.poll(() => heard).toEqual([1, 2]);
  expect(server.requestsTo("/prices")[1]!.headers.get("last-event-id")).toBe("1");
  subscription.unsubscribe();
  await expect.poll(() => server.live("/prices")).toBe(0);
});

test("a 204 completes, a refusal is an error", async () => {
  const { prices } = load();
  server.serve("/prices", (_, connection) => connection.head({ status: 204 }).end());
  expect(await rxjs.lastValueFrom(prices, { defaultValue: undefined })).toBeUndefined();
  server.serve("/prices", (_, connection) => connection.head({ status: 403 }).end());
  await expect(rxjs.lastValueFrom(prices)).rejects.toMatchObject({ reason: "status", status: 403 });
});
