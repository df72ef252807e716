import { bundled, sizes } from "../../package/sizes.mjs";

/** The usual import of each peer. */
export const peers = {
  "eventsource-client": "createEventSource",
  eventsource: "EventSource",
  "@microsoft/fetch-event-source": "fetchEventSource",
  "event-source-polyfill": "EventSourcePolyfill",
  "reconnecting-eventsource": "default",
  "sse.js": "SSE",
  "extended-eventsource": "EventSource",
};

/** Bytes, minified and gzipped, of ours and of the peers, measured in the same way. */
export async function allSizes() {
  const own = await sizes();
  const all = {
    "ours, the class": own.class,
    "ours, everything": own.everything,
    "ours, script tag, polyfill included": own.cdn,
  };
  for (const [name, what] of Object.entries(peers))
    all[name] = await bundled(`export { ${what} } from "${name}"`);
  return all;
}
