// Without `events`, every name is allowed and data is a string.
import { iterate, ResilientEventSource, type EventMeta, type Untyped } from "resilient-eventsource";
import { exactly } from "./exactly.ts";

const source = new ResilientEventSource("/stream");
exactly<ResilientEventSource<Untyped>>()(source);
exactly<ResilientEventSource>()(source);

source.on("anything", (payload, meta) => {
  exactly<string>()(payload);
  exactly<EventMeta>()(meta);
  exactly<string>()(meta.lastEventId);
  exactly<string>()(meta.origin);
});
source.on("message", (payload) => exactly<string>()(payload));
source.addEventListener("anything", (event) => exactly<MessageEvent<string>>()(event));
source.onmessage = (event) => exactly<string>()(event.data);
export const stop: () => void = source.on("anything", () => undefined, {
  once: true,
  signal: new AbortController().signal,
});
// No decoder is none.
new ResilientEventSource("/stream", { events: {} }).on("anything", (payload) =>
  exactly<string>()(payload),
);

export async function read(): Promise<void> {
  for await (const payload of iterate(source, "anything")) exactly<string>()(payload);
  for await (const event of iterate(source, ["delta", "done"])) {
    exactly<"delta" | "done">()(event.type);
    exactly<string>()(event.data);
  }
}

// @ts-expect-error: data is a string
source.on("price", (price: number) => price);
// @ts-expect-error: data is a string
source.addEventListener("price", (event: MessageEvent<number>) => event.data);
// @ts-expect-error: data is a string
source.onmessage = (event: MessageEvent<number>) => event.data;

// --- a type argument without decoders cannot claim anything

// @ts-expect-error
new ResilientEventSource<{ price: number }>("/stream");
// @ts-expect-error
new ResilientEventSource<{ price: number }>("/stream", {});
// @ts-expect-error
new ResilientEventSource<{ price: number }>("/stream", undefined);
// @ts-expect-error
new ResilientEventSource<{ price: number }>("/stream", { events: undefined });
// @ts-expect-error
new ResilientEventSource<{ price: number }>("/stream", { events: {} });
// @ts-expect-error
new ResilientEventSource<{ price: number }>("/stream", { events: { price: String } });
// @ts-expect-error
new ResilientEventSource<{ price?: number }>("/stream");
// @ts-expect-error
new ResilientEventSource<{ price?: number }>("/stream", { events: {} });
// @ts-expect-error
new ResilientEventSource<{ message: number }>("/stream");
// @ts-expect-error
new ResilientEventSource<Record<string, number>>("/stream");
// @ts-expect-error
new ResilientEventSource<Untyped>("/stream", { events: { price: Number } });
// @ts-expect-error
export const claimed: ResilientEventSource<{ price: number }> = new ResilientEventSource("/stream");

export class Claiming extends ResilientEventSource<{ price: number }> {
  constructor() {
    // @ts-expect-error
    super("/stream");
  }
}

new ResilientEventSource<Untyped>("/stream").on("anything", (payload) =>
  exactly<string>()(payload),
);
// Nothing can be listened to but `message`, and that is true.
new ResilientEventSource<object>("/stream").on("message", (payload) => exactly<string>()(payload));
