import { ConnectionError } from "../errors.ts";
import { fetchTransport } from "./fetch.ts";
import type { Transport } from "./transport.ts";

/**
 * Connects using the eventsource-polyfill package, over XMLHttpRequest: for a browser with neither
 * EventSource nor streaming fetch. The package's code is a chunk that is loaded with the first
 * connection. The package stands in for `fetch`, so everything else is as in `fetchTransport`.
 */
export function polyfillTransport(): Transport {
  const connect: Transport = async (request, sink) => {
    if (typeof XMLHttpRequest !== "function")
      throw new ConnectionError("nothing here can read an event stream", { reason: "unsupported" });
    const { polyfillFetch } = await import("./polyfill/polyfill-fetch.ts");
    await fetchTransport({ fetch: polyfillFetch })(request, sink);
  };
  return Object.assign(connect, {
    abilities: { headers: false, resume: "header", comments: true, status: true } as const,
  });
}
