// Code written for EventSource compiles with only the class name changed.
import { ResilientEventSource } from "resilient-eventsource";
import { exactly } from "./exactly.ts";

// --- wherever an EventSource is wanted

export const untyped: EventSource = new ResilientEventSource("/stream");
export const typed: EventSource = new ResilientEventSource("/stream", {
  events: { price: Number },
});
export const Class: typeof EventSource = ResilientEventSource;
globalThis.EventSource = ResilientEventSource;

export class Feed {
  private source: EventSource | undefined;
  connect(init: EventSourceInit): void {
    this.source = new ResilientEventSource(new URL("https://example.com/stream"), init);
  }
  stop(): void {
    this.source?.close();
  }
}

export class Logged extends ResilientEventSource {
  override close(): void {
    console.log("closing", this.url);
    super.close();
  }
}
export const logged: EventSource = new Logged("/stream", { withCredentials: true });

// --- code as people write it

const source = new ResilientEventSource("/stream", { withCredentials: true });

source.onopen = () => console.log("open");
source.onopen = function (event) {
  exactly<string>()(this.url);
  console.log(event.type);
};
source.onmessage = (event) => console.log(event.data.length, event.lastEventId, event.origin);
source.onmessage = (event: MessageEvent) => console.log(event.data.any.thing);
source.onmessage = ({ data }) => exactly<string>()(data);
source.onerror = (event: Event) => console.log(event.target);
source.onerror = async () => {
  await Promise.resolve();
  if (source.readyState === EventSource.CLOSED) location.reload();
};
source.onmessage = null;

const handler = function (this: EventSource, event: MessageEvent): void {
  this.close();
  console.log(event.data);
};
source.onmessage = handler;
source.addEventListener("message", handler);
source.addEventListener("custom", handler, { once: true });
source.removeEventListener("custom", handler);
source.addEventListener("custom", (event) => exactly<MessageEvent<string>>()(event), {
  signal: new AbortController().signal,
});
source.addEventListener("custom", function () {
  this.close();
});
source.addEventListener(
  "custom",
  { handleEvent: (event: MessageEvent) => console.log(event.data) },
  true,
);
source.addEventListener("message", null);
const listener: EventListener = (event) => console.log((event as MessageEvent).data);
source.addEventListener("message", listener, false);
source.removeEventListener("message", listener);
source.addEventListener("open", (event: Event) => console.log(event.timeStamp));
source.addEventListener("error", (event: Event) =>
  console.log((event.target as EventSource).readyState),
);

for (const name of ["put", "patch"] as string[])
  source.addEventListener(name, (event) => JSON.parse(event.data));

switch (source.readyState) {
  case ResilientEventSource.CONNECTING:
  case source.OPEN:
  case EventSource.CLOSED:
    console.log(source.url, source.withCredentials);
}
source.dispatchEvent(new MessageEvent("message", { data: "from a test" }));

// --- and what is wrong for an EventSource is wrong for us

// @ts-expect-error: it needs a URL
new ResilientEventSource();
// @ts-expect-error: read-only
source.readyState = 2;
// @ts-expect-error: read-only
source.url = "/other";
// @ts-expect-error: not a function
source.onmessage = "log";
// @ts-expect-error: readyState is never 3
export const impossible = source.readyState === 3;
