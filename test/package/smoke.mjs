import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import * as esModule from "resilient-eventsource";

// In any Node, without a test runner: a stream that ends after each event is read, and resumed by its ids.
const commonJs = createRequire(import.meta.url)("resilient-eventsource");

const server = createServer((request, response) => {
  const next = Number(request.headers["last-event-id"] ?? 0) + 1;
  response
    .writeHead(200, { "Content-Type": "text/event-stream" })
    .end(`id: ${next}\nevent: tick\ndata: {"n":${next}}\n\n`);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

for (const { ResilientEventSource, json } of [esModule, commonJs]) {
  const source = new ResilientEventSource(`http://127.0.0.1:${server.address().port}/`, {
    events: { tick: json() },
    backoff: { startingDelay: 100 },
  });
  const seen = [];
  for await (const { n } of source.iterate("tick")) if (seen.push(n) === 3) break;
  source.close();
  assert.deepEqual(seen, [1, 2, 3]);
}
server.close();
console.log(
  `Node ${process.versions.node}: events arrive and are resumed, by import and by require`,
);
