import { untouched } from "./untouched.js";
import { fetchTransport, json, ResilientEventSource } from "resilient-eventsource";

if (!untouched()) throw new Error("importing the package has touched the service worker");

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("message", (event) => {
  const source = new ResilientEventSource("/stream/prices", {
    backoff: { startingDelay: 100 },
    events: { price: json() },
    transport: fetchTransport(),
  });
  source.on("price", ({ eur }) => event.source.postMessage(eur));
  // The browser ends a service worker that waits for nothing.
  event.waitUntil(
    new Promise((resolve) => source.on("message", resolve)).then(() => source.close()),
  );
});
