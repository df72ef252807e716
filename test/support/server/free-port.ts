import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A free port for a server that starts later, or that stops and starts again. It is below the ports
 * that systems give out on their own: a test in another process that asks for any port, or
 * connects, does not get it meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().listen(port);
    try {
      await once(server, "listening");
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}
