import { untouched } from "./untouched.js";
import { json, ResilientEventSource } from "resilient-eventsource";

if (!untouched()) throw new Error("importing the package has touched the worker");

const source = new ResilientEventSource("/stream/prices", {
  backoff: { startingDelay: 100 },
  events: { price: json() },
});
source.on("price", ({ eur }) => postMessage(eur));
