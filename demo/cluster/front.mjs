// @ts-check
import { createServer } from "node:http";
import { listen } from "../command.mjs";
import { findFile } from "../files.mjs";
import { forOwnOrigin } from "../own-origin.mjs";

/**
 * Serves the page, the built library, and the nodes' URLs at `/cluster/nodes.json`. The stream
 * itself comes from the nodes.
 *
 * @param {number} port 0 picks a free one.
 */
export async function startFront(port) {
  /** @type {readonly string[]} */
  let streams = [];

  const server = createServer(
    forOwnOrigin(async ({ url = "/" }, response) => {
      const [pathname = "/"] = url.split("?");
      response.setHeader("Cache-Control", "no-store");
      if (pathname === "/") response.writeHead(302, { Location: "/cluster/index.html" }).end();
      else if (pathname === "/cluster/nodes.json")
        response
          .writeHead(200, { "Content-Type": "application/json" })
          .end(JSON.stringify(streams));
      else {
        const file = await findFile(pathname);
        response.writeHead(file ? 200 : 404, {
          "Content-Type": file?.type ?? "text/plain; charset=utf-8",
          "X-Content-Type-Options": "nosniff",
        });
        response.end(file?.content ?? "There is no such page.\n");
      }
    }),
  );
  const bound = await listen(server, port);

  return {
    address: `http://localhost:${bound}/`,
    port: bound,
    /** The origins that a browser may give the page. */
    origins: [`http://localhost:${bound}`, `http://127.0.0.1:${bound}`],

    /** @param {readonly string[]} urls The streams of the nodes. */
    serveNodes(urls) {
      streams = urls;
    },

    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
