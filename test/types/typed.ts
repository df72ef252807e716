// With `events`, payload types flow from the decoders to every listener, and a name without a decoder is an error.
import {
  batched,
  iterate,
  json,
  ResilientEventSource,
  text,
  type Decoder,
  type Decoders,
  type EventMeta,
  type EventName,
  type Iteration,
  type Listener,
  type Payload,
} from "resilient-eventsource";
import { exactly } from "./exactly.ts";
import { schemaOf } from "./standard-schema.ts";

interface Tick {
  readonly symbol: string;
  readonly price: number;
}

const source = new ResilientEventSource("/stream", {
  withCredentials: true,
  events: {
    connecttime: (text) => new Date(text),
    price: schemaOf<{ eur: number }>(),
    tick: json<Tick>(),
    code: text(schemaOf<number>()),
    count: Number,
    maybe: (text) => (text ? text : undefined),
    unchecked: JSON.parse,
    unknown: (text): unknown => JSON.parse(text),
    either: (text): Date | Tick[] => (text ? new Date() : []),
  },
});

// --- on

source.on("connecttime", (payload) => exactly<Date>()(payload));
source.on("price", (payload) => exactly<{ eur: number }>()(payload));
source.on("tick", (payload, { lastEventId }) => {
  exactly<Tick>()(payload);
  exactly<string>()(lastEventId);
});
source.on("code", (payload) => exactly<number>()(payload));
source.on("count", (payload) => exactly<number>()(payload));
source.on("maybe", (payload) => exactly<string | undefined>()(payload));
source.on("unchecked", (payload) => exactly<any>()(payload));
source.on("unknown", (payload) => exactly<unknown>()(payload));
source.on("either", (payload) => exactly<Date | Tick[]>()(payload));
source.on("message", (payload) => exactly<string>()(payload));
source.on("tick" as "tick" | "count", (payload) => exactly<Tick | number>()(payload));

// --- addEventListener, onmessage

source.addEventListener("connecttime", (event) => exactly<MessageEvent<Date>>()(event));
source.addEventListener(
  "price",
  { handleEvent: (event) => exactly<{ eur: number }>()(event.data) },
  { once: true },
);
source.addEventListener("tick", function (event) {
  exactly<MessageEvent<Tick>>()(event);
  this.on("count", (payload) => exactly<number>()(payload));
});
source.addEventListener("message", (event) => exactly<MessageEvent<string>>()(event));
source.onmessage = (event) => exactly<MessageEvent<string>>()(event);

const onTick: Listener<typeof source, MessageEvent<Tick>> = (event) =>
  console.log(event.data.price);
source.addEventListener("tick", onTick);
source.removeEventListener("tick", onTick);

const greeted = new ResilientEventSource("/stream", { events: { message: json<Tick>() } });
greeted.onmessage = (event) => exactly<MessageEvent<Tick>>()(event);
greeted.addEventListener("message", (event) => exactly<MessageEvent<Tick>>()(event));
greeted.on("message", (payload) => exactly<Tick>()(payload));

// --- iterate

exactly<Iteration<Tick>>()(iterate(source, "tick"));
export const iterable: AsyncIterable<Tick> = iterate(source, "tick");
export const iterator: AsyncIterableIterator<Tick> = iterate(source, "tick", {
  limit: 10,
  signal: new AbortController().signal,
});
export async function read(): Promise<void> {
  for await (const date of iterate(source, "connecttime")) exactly<Date>()(date);
  const iteration = iterate(source, "tick");
  const { done, value } = await iteration.next();
  if (done) exactly<undefined>()(value);
  else exactly<Tick>()(value);
  await iteration.return();
  await iteration.throw(new Error());
}

for (const events of [iterate(source, ["tick", "connecttime"])]) {
  exactly<
    Iteration<
      | { readonly type: "tick"; readonly data: Tick; readonly lastEventId: string }
      | { readonly type: "connecttime"; readonly data: Date; readonly lastEventId: string }
    >
  >()(events);
}
export async function readSeveral(): Promise<void> {
  for await (const event of iterate(source, ["tick", "connecttime", "message"])) {
    exactly<string>()(event.lastEventId);
    if (event.type === "tick") exactly<Tick>()(event.data);
    else if (event.type === "connecttime") exactly<Date>()(event.data);
    else exactly<string>()(event.data);
    // @ts-expect-error: not one of the names
    if (event.type === "count") return;
  }
  const names = ["tick", "count"] as const;
  for await (const { type, data } of iterate(source, names)) {
    if (type === "count") exactly<number>()(data);
    else exactly<Tick>()(data);
  }
}

// --- batched

source.on(
  "tick",
  batched((ticks, meta) => {
    exactly<Tick[]>()(ticks);
    exactly<EventMeta>()(meta);
  }),
);
const batchedTicks = batched((ticks: Tick[]) => ticks.length);
source.on("tick", batchedTicks);
batchedTicks.cancel();
// @ts-expect-error: not its payloads
source.on("connecttime", batchedTicks);

// --- what no decoder says

// @ts-expect-error: no decoder
source.on("nope", () => undefined);
// @ts-expect-error: no decoder
source.addEventListener("nope", () => undefined);
// @ts-expect-error: no decoder
source.removeEventListener("nope", () => undefined);
// @ts-expect-error: no decoder
iterate(source, "nope");
// @ts-expect-error: no decoder for one of them
iterate(source, ["tick", "nope"]);
// @ts-expect-error: inherited by every object, but not an event
source.on("constructor", () => undefined);
// @ts-expect-error: a name that is only known at run time
source.on("nope" as string, () => undefined);
// @ts-expect-error: not its payload
source.on("tick", (payload: Date) => payload);
// @ts-expect-error: not its payload
source.addEventListener("tick", (event: MessageEvent<Date>) => event.data);
// @ts-expect-error: not its payload
source.onmessage = (event: MessageEvent<Date>) => event.data;
// @ts-expect-error: the text was decoded
source.on("count", (payload) => payload.length);
// @ts-expect-error: payloads may be missing
source.on("maybe", (payload) => payload.length);

// --- what is no decoder

// @ts-expect-error: neither function nor schema
new ResilientEventSource("/stream", { events: { price: "number" } });
// @ts-expect-error: neither function nor schema
new ResilientEventSource("/stream", { events: { price: undefined } });
// @ts-expect-error: data is text
new ResilientEventSource("/stream", { events: { price: (data: number) => data } });
// @ts-expect-error: one argument
new ResilientEventSource("/stream", {
  events: { price: (data: string, more: string) => data + more },
});
const perhaps = Math.random() > 0.5 ? { price: Number } : undefined;
// @ts-expect-error: types with or without events, never perhaps
new ResilientEventSource("/stream", { events: perhaps });

// --- a typed source is what it is: one with other decoders cannot stand in, in either direction

declare const untyped: ResilientEventSource;
declare const priced: ResilientEventSource<{ price: number }>;
declare const dated: ResilientEventSource<{ price: Date }>;
declare const either: ResilientEventSource<{ price: number | Date }>;
declare const more: ResilientEventSource<{ price: number; message: number }>;

// @ts-expect-error
export const untypedAsPriced: typeof priced = untyped;
// @ts-expect-error
export const pricedAsUntyped: typeof untyped = priced;
// @ts-expect-error
export const datedAsPriced: typeof priced = dated;
// @ts-expect-error
export const eitherAsPriced: typeof priced = either;
// @ts-expect-error
export const pricedAsMore: typeof more = priced;
// @ts-expect-error: it would be safe but for `message`, which is a string to `priced`
export const moreAsPriced: typeof priced = more;

// --- decoders apart from the source

declare const wide: Decoder<number | Date>;
export const widened: Decoder<number | Date> = Number satisfies Decoder<number>;
// @ts-expect-error
export const narrowed: Decoder<Date> = wide;

const decoders: Decoders<{ price: number }> = { price: Number };
new ResilientEventSource<{ price: number }>("/stream", { events: decoders }).on(
  "price",
  (payload) => exactly<number>()(payload),
);

export function connect<P extends object>(events: Decoders<P>): ResilientEventSource<P> {
  return new ResilientEventSource("/stream", { events });
}
connect({ price: Number }).on("price", (payload) => exactly<number>()(payload));

export function messages<T>(decoder: Decoder<T>): void {
  new ResilientEventSource("/stream", { events: { message: decoder } }).on("message", (payload) =>
    exactly<T>()(payload),
  );
  new ResilientEventSource("/stream", { events: { message: json<T>() } }).on("message", (payload) =>
    exactly<T>()(payload),
  );
}

export class Prices extends ResilientEventSource<{ price: number }> {
  constructor() {
    super("/stream", { events: { price: Number } });
    this.on("price", (payload) => exactly<number>()(payload));
  }
}
new Prices().addEventListener("price", (event) => exactly<MessageEvent<number>>()(event));

// The names of a dictionary that have a decoder are known only at run time.
declare const dictionary: Record<string, (text: string) => number>;
new ResilientEventSource("/stream", { events: dictionary }).on("price", (payload) =>
  exactly<number | string>()(payload),
);

exactly<"price" | "message">()("price" as EventName<{ price: number }>);
exactly<number>()(0 as Payload<{ price: number }, "price">);
exactly<string>()("" as Payload<{ price: number }, "message">);
