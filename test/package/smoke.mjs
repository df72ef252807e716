import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import * as esModule from "resilient-eventsource";

// In any runtime with Node's modules, without a test runner: reads a stream that ends after each
// event, and resumes it after the last id.
const runtime = Object.entries(process.versions)
  .filter(([name]) => /^(bun|deno|node)$/.test(name))
  .map(([name, version]) => `${name} ${version}`)
  .join(", ");
const commonJs = createRequire(import.meta.url)("resilient-eventsource");

const server = createServer((request, response) => {
  const next = Number(request.headers["last-event-id"] ?? 0) + 1;
  response
    .writeHead(200, { "Content-Type": "text/event-stream" })
    .end(`id: ${next}\nevent: tick\ndata: {"n":${next}}\n\n`);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

for (const { ResilientEventSource, iterate, json } of [esModule, commonJs]) {
  const source = new ResilientEventSource(`http://127.0.0.1:${server.address().port}/`, {
    events: { tick: json() },
    backoff: { startingDelay: 100 },
  });
  const seen = [];
  for await (const { n } of iterate(source, "tick")) if (seen.push(n) === 3) break;
  source.close();
  assert.deepEqual(seen, [1, 2, 3]);
}
server.close();
// Idle ones would keep Deno's process.
server.closeAllConnections();
console.log(`${runtime}: events arrive and are resumed, by import and by require`);
