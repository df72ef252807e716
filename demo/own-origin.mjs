// @ts-check
/** @import { IncomingMessage, RequestListener } from "node:http" */

/** The names of this machine. A page under another one that leads here has rebound its DNS. */
const HOSTS = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Makes a listener answer the demo's own pages only. Any site that is open in a browser on this
 * machine can send requests here; those get a 403. Requests without an Origin (navigations, curl)
 * pass: browsers send one with each POST, and keep the answer to a GET from other sites.
 *
 * @param {RequestListener} listener
 * @returns {RequestListener}
 */
export function forOwnOrigin(listener) {
  return (request, response) => {
    if (isOwn(request)) listener(request, response);
    else
      response
        .writeHead(403, {
          "Content-Type": "text/plain; charset=utf-8",
          "Cache-Control": "no-store",
        })
        .end("The demo answers only its own pages, under localhost.\n");
  };
}

/** @param {IncomingMessage} request */
function isOwn({ headers: { host, origin } }) {
  const own = `http://${host}`;
  return (
    URL.canParse(own) &&
    HOSTS.includes(new URL(own).hostname) &&
    (origin === undefined || origin === new URL(own).origin)
  );
}
