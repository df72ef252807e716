// The server of real.mjs, in a process of its own so that it can be killed: `server.mjs PORT PER_SECOND` (0: takes everybody).
import { createServer } from "node:http";

const [port, perSecond] = process.argv.slice(2).map(Number);
const clients = new Set();
let attempts = 0;
let accepted = 0;
let tokens = 0;
let last = performance.now();

const server = createServer((_request, response) => {
  attempts++;
  const now = performance.now();
  tokens = Math.min(tokens + ((now - last) / 1000) * perSecond, perSecond / 10);
  last = now;
  if (perSecond && tokens < 1) {
    response.writeHead(503, { "Retry-After": "5", Connection: "close" }).end();
    return;
  }
  tokens--;
  accepted++;
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  response.write("retry: 3000\n\n");
  clients.add(response);
  response.on("close", () => clients.delete(response));
});
server.listen({ port, host: "127.0.0.1", backlog: 4096 }, () => process.send({ port: server.address().port }));
setInterval(() => {
  process.send({ attempts, accepted, open: clients.size });
  attempts = accepted = 0;
}, 1000);
process.on("disconnect", () => process.exit());
