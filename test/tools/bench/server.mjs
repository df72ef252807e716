import { createServer } from "node:http";
import { burst, workloads } from "./workloads.mjs";

const isolated = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const stream = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  "Access-Control-Allow-Origin": "*",
};

/**
 * The page and its streams. Every stream starts with one event, which shows that it is open. `/go`
 * asks for the rest, so that no measurement includes connecting.
 *
 * @param scripts The page's scripts by path
 * @param host.cpu Milliseconds of CPU that the page has used
 * @param host.progress Gets lines to print
 * @param host.done Gets the page's results
 */
export async function startServer(scripts, host) {
  const streams = new Map();
  let opened = 0;

  const routes = {
    "/page": (url, response) => html(response, "/page.js"),
    "/frame": (url, response) => html(response, "/frame.js"),
    "/events": ({ searchParams }, response) => {
      response.writeHead(200, stream);
      response.write(`id: ${++opened}\ndata: open\n\n`);
      if (searchParams.has("cut")) setTimeout(() => response.end(), 5);
      const id = searchParams.get("id");
      streams.set(id, response);
      response.on("close", () => streams.delete(id));
    },
    "/go": ({ searchParams }, response) => {
      const [kind, count] = [searchParams.get("workload"), Number(searchParams.get("count"))];
      streams.get(searchParams.get("id")).write(burst(kind, count));
      json(response, { characters: count * workloads[kind].characters });
    },
    // Made beforehand, so that the first round does not pay for it.
    "/prepare": ({ searchParams }, response) =>
      json(response, burst(searchParams.get("workload"), Number(searchParams.get("count"))).length),
    "/cpu": (url, response) => json(response, host.cpu() ?? null),
    "/progress": (url, response, body) => json(response, host.progress(body) ?? null),
    "/done": (url, response, body) => json(response, host.done(JSON.parse(body)) ?? null),
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    let body = "";
    for await (const chunk of request) body += chunk;
    if (url.pathname in scripts)
      response
        .writeHead(200, { ...isolated, "Content-Type": "text/javascript" })
        .end(scripts[url.pathname]);
    else if (url.pathname in routes) routes[url.pathname](url, response, body);
    else response.writeHead(404, isolated).end();
  });
  // All of 127.0.0.0/8 is this machine, and a browser makes only six connections to a host, so idle
  // streams use many hosts.
  await new Promise((resolve) => server.listen(0, "0.0.0.0", resolve));
  return {
    port: server.address().port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function html(response, script) {
  response.writeHead(200, { ...isolated, "Content-Type": "text/html" });
  response.end(
    `<!doctype html><meta charset="utf-8"><title>bench</title><body><script type="module" src="${script}"></script>`,
  );
}

function json(response, value) {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}
