// The composable: payload types flow from `events` into `on`, the source and `latest`.
import { json, type ConnectionState, type ResilientEventSource } from "resilient-eventsource";
import { useEventSource, type ReactiveConnection } from "resilient-eventsource/vue";
import { computed, ref, type ComputedRef, type ShallowRef } from "vue";
import { exactly } from "../exactly.ts";

interface Tick {
  readonly symbol: string;
  readonly price: number;
}

const connection = useEventSource("/stream", {
  events: { connecttime: (text) => new Date(text), tick: json<Tick>() },
  on: {
    connecttime: (date) => exactly<Date>()(date),
    tick: (tick, { lastEventId }) => exactly<string>()(tick.symbol + lastEventId),
    message: (text) => exactly<string>()(text),
  },
});
exactly<ReactiveConnection<{ connecttime: Date; tick: Tick }>>()(connection);
exactly<ComputedRef<ConnectionState>>()(connection.state);
exactly<ConnectionState>()(connection.state.value);
exactly<Readonly<ShallowRef<Tick | undefined>>>()(connection.latest("tick"));
exactly<number | undefined>()(connection.latest("tick").value?.price);
exactly<ResilientEventSource<{ connecttime: Date; tick: Tick }> | null>()(connection.source.value);
connection.source.value?.on("tick", (tick) => exactly<Tick>()(tick));
exactly<Readonly<ShallowRef<Tick[]>>>()(
  connection.reduced({ tick: (list, tick) => [...list, tick] }, [] as Tick[]),
);
// @ts-expect-error: no decoder
connection.reduced({ nope: (list: Tick[]) => list }, [] as Tick[]);
// @ts-expect-error: not its payload
connection.reduced({ tick: (sum: number, tick: Date) => sum + +tick }, 0);
// @ts-expect-error: no decoder
connection.latest("nope");
// @ts-expect-error: null without a connection
connection.source.value.close();
// @ts-expect-error: read-only
connection.latest("tick").value = undefined;

// --- the URL: plain, in a ref, or from a getter

const user = ref("7");
useEventSource(new URL("https://example.com/stream"));
useEventSource(null);
useEventSource(ref("/stream"));
useEventSource(ref<string | null>(null));
useEventSource(() => `/stream/${user.value}`);
useEventSource(computed(() => (user.value ? `/stream/${user.value}` : undefined)));
useEventSource(() => async () => `/stream?ticket=${await Promise.resolve(1)}`);
// @ts-expect-error: a getter gives the URL; a function that is asked on every attempt has to come from one
useEventSource(async () => `/stream?ticket=${await Promise.resolve(1)}`);

// --- without events

const untyped = useEventSource("/stream", { on: { anything: (text) => exactly<string>()(text) } });
exactly<ReactiveConnection>()(untyped);
exactly<string | undefined>()(untyped.latest("anything").value);
// @ts-expect-error: no decoder
useEventSource("/stream", { events: { tick: json<Tick>() }, on: { nope: () => undefined } });
// @ts-expect-error: not its payload
useEventSource("/stream", { events: { tick: json<Tick>() }, on: { tick: (tick: Date) => tick } });
// @ts-expect-error: a type argument without decoders cannot claim anything
useEventSource<{ price: number }>("/stream");
// @ts-expect-error: no such option
useEventSource("/stream", { onn: {} });
