import { json, ResilientEventSource } from "resilient-eventsource";
import { show } from "./show.js";

const source = new ResilientEventSource("/stream/prices", {
  backoff: { startingDelay: 100 },
  events: { price: json() },
});
source.on("price", ({ eur }) => show(eur));
