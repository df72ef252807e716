import { JSDOM } from "jsdom";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ResilientEventSource } from "../../src/index.ts";
import { root } from "../support/package/dist.ts";
import { snippets } from "../support/package/markdown.ts";
import { FaultServer } from "../support/server/fault-server.ts";

// The snippet for htmx in the guide, run as it stands there in a page with htmx and its extension.

const { resolve } = createRequire(import.meta.url);
const scripts = ["htmx.org/dist/htmx.js", "htmx-ext-sse/dist/sse.js"].map((file) =>
  readFileSync(resolve(file), "utf8"),
);
const guide = readFileSync(`${root}/demo/guides/frameworks.md`, "utf8");
const snippet = snippets(guide, "js").find((text) => text.includes("htmx.createEventSource"))!;

let server: FaultServer;
let page: JSDOM;
beforeEach(async () => {
  server = await FaultServer.start();
});
afterEach(() => {
  page.window.close();
  server.close();
});

/** A page whose prices come from the server. */
function open(attributes = ""): Document {
  const html = `<div hx-ext="sse" sse-connect="${server.origin}/prices" ${attributes}>
    <p sse-swap="price" hx-swap="beforeend"></p></div>`;
  page = new JSDOM(html, { url: server.origin, runScripts: "outside-only" });
  const { window } = page;
  // The extension compares a source's readyState with EventSource.CLOSED.
  Object.assign(window, { ResilientEventSource, EventSource: ResilientEventSource });
  // jsdom requires an argument that is optional in browsers; htmx leaves it out.
  window.eval(`{
    const { evaluate } = XPathExpression.prototype;
    XPathExpression.prototype.evaluate = function (node) { return evaluate.call(this, node, 0); };
  }`);
  for (const script of [...scripts, snippet]) window.eval(script);
  return window.document;
}

const price = (id: number): string => `id: ${id}\nevent: price\ndata: <b>${id}</b>\n\n`;

test("prices are swapped into the page, over an outage", async () => {
  let asked = 0;
  server.serve("/prices", (_, connection) => {
    connection.head().write(`retry: 100\n${price(++asked)}`);
    if (asked === 1) connection.end();
  });
  const document = open();
  await expect.poll(() => document.querySelector("p")!.textContent).toBe("12");
  expect(server.requestsTo("/prices")[1]!.headers.get("last-event-id")).toBe("1");
});

test("swapping the element away closes its source", async () => {
  server.serve("/prices", (_, connection) => void connection.head().write(price(1)));
  const document = open();
  await expect.poll(() => document.querySelector("p")!.textContent).toBe("1");
  page.window.eval("htmx.swap(document.body, '', { swapStyle: 'innerHTML' })");
  await expect.poll(() => server.live("/prices")).toBe(0);
});

test("sse-close closes the source at an event of that name, for good", async () => {
  server.serve("/prices", (_, connection) => {
    connection.head().write(`${price(1)}event: done\ndata: \n\n`);
  });
  const document = open('sse-close="done"');
  await expect.poll(() => document.querySelector("p")!.textContent).toBe("1");
  await expect.poll(() => server.live("/prices")).toBe(0);
  expect(server.requestsTo("/prices")).toHaveLength(1);
});

test("the extension makes a new source where one gave up", async () => {
  let asked = 0;
  server.serve("/prices", (_, connection) => {
    if (++asked === 1) connection.head({ status: 403 }).end();
    else connection.head().write(price(asked));
  });
  const document = open();
  await expect.poll(() => document.querySelector("p")!.textContent).toBe("2");
});
