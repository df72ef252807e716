// The hooks: payload types flow from `events` into `on`, the source and `useLatest`.
import {
  json,
  type ConnectionState,
  type ResilientEventSource,
  type StreamUrl,
} from "resilient-eventsource";
import {
  useEventSource,
  useLatest,
  useReduced,
  type Connection,
  type Listeners,
} from "resilient-eventsource/react";
import { exactly } from "../exactly.ts";

interface Tick {
  readonly symbol: string;
  readonly price: number;
}

export function Typed({
  url,
  token,
  paused,
}: {
  url: StreamUrl | null;
  token?: string;
  paused: boolean;
}): void {
  const connection = useEventSource(url, {
    events: { connecttime: (text) => new Date(text), tick: json<Tick>(), count: Number },
    withCredentials: true,
    key: token,
    on: {
      connecttime: (date, { lastEventId }) => {
        exactly<Date>()(date);
        exactly<string>()(lastEventId);
      },
      tick: (tick) => exactly<Tick>()(tick),
      count: paused ? undefined : (count) => exactly<number>()(count),
      message: (text) => exactly<string>()(text),
    },
  });
  exactly<Connection<{ connecttime: Date; tick: Tick; count: number }>>()(connection);
  exactly<ConnectionState>()(connection.state);
  exactly<() => void>()(connection.reconnect);
  connection.source?.on("tick", (tick) => exactly<Tick>()(tick));
  exactly<Tick | undefined>()(useLatest(connection.source, "tick"));
  exactly<string | undefined>()(useLatest(connection.source, "message"));
  // @ts-expect-error: no decoder
  useLatest(connection.source, "nope");
  const ticks = useReduced(
    connection.source,
    {
      tick: (list, tick) => {
        exactly<Tick[]>()(list);
        exactly<Tick>()(tick);
        return [...list, tick];
      },
      connecttime: () => [],
    },
    [] as Tick[],
  );
  exactly<Tick[]>()(ticks);
  exactly<number>()(useReduced(connection.source, { count: (sum, count) => sum + count }, 0));
  // @ts-expect-error: no decoder
  useReduced(connection.source, { nope: (sum: number) => sum }, 0);
  // @ts-expect-error: not its payload
  useReduced(connection.source, { count: (sum: number, count: Date) => sum + +count }, 0);
  // @ts-expect-error: not the state
  useReduced(connection.source, { count: () => "text" }, 0);
  // @ts-expect-error: null without a connection
  connection.source.close();
  // @ts-expect-error: a source has what it was given
  connection.source = null;

  // @ts-expect-error: no decoder
  useEventSource(url, { events: { count: Number }, on: { nope: () => undefined } });
  // @ts-expect-error: not its payload
  useEventSource(url, { events: { count: Number }, on: { count: (count: Date) => count } });
  // @ts-expect-error: neither function nor schema
  useEventSource(url, { events: { count: "number" } });
  // @ts-expect-error: no such option
  useEventSource(url, { events: { count: Number }, onn: {} });
}

export function Untyped(): void {
  exactly<Connection>()(useEventSource("/stream"));
  const { source } = useEventSource("/stream", {
    on: { anything: (text) => exactly<string>()(text) },
    heartbeatTimeout: 45_000,
  });
  exactly<ResilientEventSource | null>()(source);
  exactly<string | undefined>()(useLatest(source, "anything"));
  useEventSource(undefined);
  // @ts-expect-error: data is a string
  useEventSource("/stream", { on: { price: (price: number) => price } });
  // @ts-expect-error: a type argument without decoders cannot claim anything
  useEventSource<{ price: number }>("/stream");
}

// Parts apart, and a source that is handed down.
const listeners: Listeners<{ tick: Tick }> = { tick: ({ price }) => exactly<number>()(price) };
export function Parts(): void {
  useEventSource("/stream", { events: { tick: json<Tick>() }, on: listeners });
  // @ts-expect-error: a listener for what does not come
  useEventSource("/stream", { events: { count: Number }, on: listeners });
}
export function Price({
  source,
}: {
  source: ResilientEventSource<{ tick: Tick }> | null;
}): number | undefined {
  return useLatest(source, "tick")?.price;
}
