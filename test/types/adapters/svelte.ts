// The store: payload types flow from `events` into `on`, the source and `latest`.
import { json, type ConnectionState, type ResilientEventSource } from "resilient-eventsource";
import {
  eventSource,
  type Connection,
  type Live,
  type LiveConnection,
} from "resilient-eventsource/svelte";
import { derived, get, type Readable } from "svelte/store";
import { exactly } from "../exactly.ts";

interface Tick {
  readonly symbol: string;
  readonly price: number;
}
interface Payloads {
  connecttime: Date;
  tick: Tick;
}

const connection = eventSource("/stream", {
  events: { connecttime: (text) => new Date(text), tick: json<Tick>() },
  on: {
    connecttime: (date) => exactly<Date>()(date),
    tick: (tick, { lastEventId }) => exactly<string>()(tick.symbol + lastEventId),
    message: (text) => exactly<string>()(text),
  },
});
exactly<LiveConnection<Payloads>>()(connection);
exactly<Connection<Payloads>>()(connection.current);
exactly<ConnectionState>()(connection.current.state);
exactly<ResilientEventSource<Payloads> | null>()(connection.current.source);
const tick = connection.latest("tick");
exactly<Live<Tick | undefined>>()(tick);
exactly<Tick | undefined>()(tick.current);
exactly<Live<Tick[]>>()(
  connection.reduced({ tick: (list, tick) => [...list, tick] }, [] as Tick[]),
);
// @ts-expect-error: no decoder
connection.reduced({ nope: (list: Tick[]) => list }, [] as Tick[]);
// @ts-expect-error: not its payload
connection.reduced({ tick: (sum: number, tick: Date) => sum + +tick }, 0);
// @ts-expect-error: no decoder
connection.latest("nope");
// @ts-expect-error: read-only
tick.current = undefined;

// --- what takes a store takes them

export const store: Readable<Connection<Payloads>> = connection;
exactly<Tick | undefined>()(get(tick));
exactly<Readable<number | undefined>>()(derived(tick, (tick) => tick?.price));

// --- without events

const untyped = eventSource(null, { on: { anything: (text) => exactly<string>()(text) } });
exactly<LiveConnection>()(untyped);
exactly<Live<string | undefined>>()(untyped.latest("anything"));
eventSource(async () => `/stream?ticket=${await Promise.resolve(1)}`);
// @ts-expect-error: no decoder
eventSource("/stream", { events: { tick: json<Tick>() }, on: { nope: () => undefined } });
// @ts-expect-error: not its payload
eventSource("/stream", { events: { tick: json<Tick>() }, on: { tick: (tick: Date) => tick } });
// @ts-expect-error: a type argument without decoders cannot claim anything
eventSource<{ price: number }>("/stream");
// @ts-expect-error: no such option
eventSource("/stream", { onn: {} });
