// @module-tag slow
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../support/browsers/browsers.ts";
import { PATIENCE } from "../support/patience.ts";
import { root } from "../support/package/dist.ts";
import { FaultServer, type Scenario } from "../support/server/fault-server.ts";
import { section, table } from "../support/package/markdown.ts";
import { ending, refusal, resumePoint, Route } from "../support/pages/page-route.ts";

/** Time (ms) in which a peer that should stop would ask again: none waits for more than 5 s. */
const SILENCE = 15_000;
/** Time (ms) for the page, which opens 45 streams at once, to read an event before the cut. */
const TO_READ = 3000;

const guide = readFileSync(`${root}/demo/guides/comparison.md`, "utf8");
const [[, ...peers], ...rows] = table(section(guide, "When a connection ends")) as [
  string[],
  ...string[][],
];

/**
 * The browser may lose data that arrives together with the end of its connection, before a library
 * sees it.
 */
const cutOff: Scenario = (_, connection) => {
  connection.head({ chunked: true }).write("id: 7\ndata: one\n\n");
  setTimeout(() => connection.cut(), TO_READ);
};
const answers: Record<string, Scenario[]> = {
  cut: [cutOff, refusal(204)],
  ended: [ending("data: one\n\n"), refusal(204)],
  "503": [refusal(503)],
  "404": [refusal(404)],
  "204": [refusal(204, { "Content-Type": undefined })],
};
const asked: Record<string, Record<string, Route>> = {};
let close: () => Promise<void>;

beforeAll(async () => {
  const server = await FaultServer.start();
  const { outputFiles } = await build({
    entryPoints: [`${root}/test/support/pages/peers-page.ts`],
    bundle: true,
    write: false,
    alias: { eventsource: "eventsource-5" },
    logLevel: "error",
  });
  server.servePage(
    "/",
    `<!doctype html><script>${outputFiles[0]!.text.replaceAll("</script", "<\\/script")}</script>`,
  );
  const browser = await launchChromium();
  close = async () => {
    await browser.close();
    server.close();
  };
  const page = await browser.newPage();
  await page.goto(`${server.origin}/`);
  for (const peer of peers) {
    asked[peer] = Object.fromEntries(
      Object.entries(answers).map(([name, scenarios]) => [name, new Route(server, scenarios)]),
    );
    for (const { url } of Object.values(asked[peer]))
      await page.evaluate(([peer, url]) => openStream(peer!, url!), [peer, url]);
  }
  // Those that ask again have done so, or it is what their tests complain about.
  const deadline = performance.now() + PATIENCE;
  const areDone = (): boolean => peers.every((peer) => look(peer).join() === told(peer).join());
  while (!areDone() && performance.now() < deadline) await sleep(100);
  await sleep(SILENCE);
});
afterAll(() => close());

const again = ({ count }: Route): string => (count > 1 ? "yes" : "no");
/** Ours makes one more request, by fetch, since EventSource hides the status. */
const stops = ({ count }: Route): string => (count > 2 ? "no" : "yes");

/** Each row of the table, from the requests that the server got. */
const observed: Record<string, (routes: Record<string, Route>) => string> = {
  "cut: connects again": ({ cut }) => again(cut!),
  "then names the last id": ({ cut }) => {
    const second = cut!.arrivals[1];
    if (!second || resumePoint(second.request) !== "7") return "no";
    return second.request.headers.has("last-event-id") ? "header" : "query";
  },
  "ended by the server: connects again": ({ ended }) => again(ended!),
  "503: tries again": (routes) => again(routes["503"]!),
  "404: stops": (routes) => stops(routes["404"]!),
  "204: stops": (routes) => stops(routes["204"]!),
};

/** The result of each row for a peer. */
const look = (peer: string): string[] =>
  Object.values(observed).map((observe) => observe(asked[peer]!));
/** The claim of the table. */
const told = (peer: string): string[] => rows.map((row) => row[peers.indexOf(peer) + 1]!);

test("the table has these rows", () => {
  expect(rows.map(([name]) => name)).toEqual(Object.keys(observed));
});

test.each(peers)("%s does what the table says", (peer) => {
  const byRow = (outcomes: string[]): object =>
    Object.fromEntries(outcomes.map((outcome, index) => [rows[index]![0], outcome]));
  expect(byRow(look(peer))).toEqual(byRow(told(peer)));
});
