/** A project for Node: `lib` without DOM, and the platform's names from `@types/node`. */
import {
  type ConnectionErrorEvent,
  type ConnectionOpenEvent,
  fetchTransport,
  json,
  ResilientEventSource,
} from "resilient-eventsource";
import { fakeStream } from "resilient-eventsource/testing";
import { exactly } from "../exactly.ts";

interface Tick {
  n: number;
}

const source = new ResilientEventSource("http://localhost/", {
  events: { tick: json<Tick>(), connecttime: (text) => new Date(text) },
  signal: new AbortController().signal,
  transport: fetchTransport({ method: "POST", headers: { Authorization: "Bearer" }, body: "{}" }),
});

// Payloads and events have the types that they have in a browser.

source.on("tick", (tick) => exactly<Tick>()(tick));
source.on("message", (text) => exactly<string>()(text));
source.addEventListener("tick", (event) => {
  exactly<Tick>()(event.data);
  exactly<string>()(event.lastEventId);
  exactly<string>()(event.type);
});
source.addEventListener("connecttime", { handleEvent: (event) => exactly<Date>()(event.data) });
source.onmessage = (event) => exactly<string>()(event.data);
source.addEventListener("open", (event) => {
  exactly<ConnectionOpenEvent>()(event);
  exactly<string | null | undefined>()(event.headers?.get("Date"));
});
source.addEventListener("error", (event) => exactly<ConnectionErrorEvent>()(event), { once: true });
source.removeEventListener("tick", null, { capture: true });
source.dispatchEvent(new Event("anything"));
exactly<0 | 1 | 2>()(source.readyState);

const target: EventTarget = source;
target.addEventListener("tick", () => undefined, { once: true });

fakeStream().send("tick", { n: 1 });
source[Symbol.dispose]();

// @ts-expect-error a member that the payload does not have
source.on("tick", ({ m }) => m);
// @ts-expect-error likewise in an event
source.addEventListener("tick", (event) => event.data.m);
// @ts-expect-error a member that events do not have
source.addEventListener("tick", (event) => event.dat);
// @ts-expect-error likewise in an event of our own
source.addEventListener("open", (event) => event.delay);
// @ts-expect-error another payload
source.addEventListener("connecttime", (event: { data: Tick }) => event.data);
// @ts-expect-error a name that is not in `events`
source.addEventListener("tock", () => undefined);
// @ts-expect-error an unknown option of a listener
source.addEventListener("tick", () => undefined, { twice: true });
// @ts-expect-error a member that sources do not have
source.reconect();
// @ts-expect-error no request option
fetchTransport({ methods: "POST" });
