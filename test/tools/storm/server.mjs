// The server of real.mjs, in a process of its own that can be killed: `server.mjs PORT PER_SECOND
// RETRY_AFTER` (PER_SECOND 0: no limit).
import { createServer } from "node:http";

const [port, perSecond, retryAfter] = process.argv.slice(2).map(Number);
/**
 * Attempts and acceptances by the second since the start, counted here since a busy machine
 * delivers messages late.
 */
const seconds = [];
let tokens = 0;
let started = 0;
let last = 0;

const server = createServer((_request, response) => {
  const now = performance.now();
  const second = Math.floor((now - started) / 1000);
  while (seconds.length <= second) seconds.push({ attempts: 0, accepted: 0 });
  seconds[second].attempts++;
  tokens = Math.min(tokens + ((now - last) / 1000) * perSecond, perSecond / 10);
  last = now;
  if (perSecond && tokens < 1) {
    response.writeHead(503, { "Retry-After": String(retryAfter), Connection: "close" }).end();
    return;
  }
  tokens--;
  seconds[second].accepted++;
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  response.write(":\n\n");
});
server.listen({ port, host: "127.0.0.1", backlog: 4096 }, () => {
  started = last = performance.now();
  process.send({ port: server.address().port });
});
process.on("message", () => process.send(seconds));
process.on("disconnect", () => process.exit());
