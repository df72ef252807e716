import { fetchEventSource } from "@microsoft/fetch-event-source";
import { EventSourcePolyfill } from "event-source-polyfill";
import { EventSource as EventSourcePackage } from "eventsource";
import { createEventSource } from "eventsource-client";
import { createParser } from "eventsource-parser";
import { CustomEventSource } from "extended-eventsource";
import ReconnectingEventSource from "reconnecting-eventsource";
import {
  eventSourceTransport,
  fetchTransport,
  ResilientEventSource,
  type Transport,
} from "resilient-eventsource";
import { SSE } from "sse.js";

/**
 * Opens a stream and calls `receive` with the data of each `message`; returns a function that
 * closes it.
 */
export type Connect = (url: string, receive: (data: string) => void) => () => void;

/**
 * The lowest possible cost of a listener on streaming fetch: it does not reconnect or handle
 * errors.
 */
const bareFetch: Connect = (url, receive) => {
  const controller = new AbortController();
  const read = async (): Promise<void> => {
    const response = await fetch(url, {
      headers: { Accept: "text/event-stream" },
      cache: "no-store",
      signal: controller.signal,
    });
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    const parser = createParser({ onEvent: ({ data }) => receive(data) });
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
    }
  };
  read().catch(() => undefined);
  return () => controller.abort();
};

// The shortest possible waits between attempts, since one scenario counts reconnects.
const ours = (url: string, transport: Transport) =>
  new ResilientEventSource(url, { transport, backoff: { startingDelay: 0 } });

const withOn =
  (transport: () => Transport): Connect =>
  (url, receive) => {
    const source = ours(url, transport());
    source.on("message", receive);
    return () => source.close();
  };

const withListener =
  (transport: () => Transport): Connect =>
  (url, receive) => {
    const source = ours(url, transport());
    source.addEventListener("message", ({ data }) => receive(data));
    return () => source.close();
  };

/** The contestants by their names in the tables. */
export const contestants = {
  native: (url, receive) => {
    const source = new EventSource(url);
    source.addEventListener("message", ({ data }: MessageEvent<string>) => receive(data));
    return () => source.close();
  },
  "ours, native, on()": withOn(eventSourceTransport),
  "ours, native, addEventListener()": withListener(eventSourceTransport),
  "ours, fetch, on()": withOn(fetchTransport),
  "ours, fetch, addEventListener()": withListener(fetchTransport),
  "bare fetch + eventsource-parser": bareFetch,
  "eventsource-client": (url, receive) => {
    const source = createEventSource({ url, onMessage: ({ data }) => receive(data) });
    return () => source.close();
  },
  eventsource: (url, receive) => {
    const source = new EventSourcePackage(url);
    source.addEventListener("message", ({ data }) => receive(data as string));
    return () => source.close();
  },
  "@microsoft/fetch-event-source": (url, receive) => {
    const controller = new AbortController();
    void fetchEventSource(url, {
      signal: controller.signal,
      openWhenHidden: true,
      onmessage: ({ data }) => receive(data),
    });
    return () => controller.abort();
  },
  "event-source-polyfill": (url, receive) => {
    const source = new EventSourcePolyfill(url);
    source.addEventListener("message", ({ data }) => receive(data as string));
    return () => source.close();
  },
  "reconnecting-eventsource": (url, receive) => {
    const source = new ReconnectingEventSource(url);
    source.addEventListener("message", ({ data }) => receive(data as string));
    return () => source.close();
  },
  "sse.js": (url, receive) => {
    const source = new SSE(url, { start: false });
    source.addEventListener("message", ({ data }: { data: string }) => receive(data));
    source.stream();
    return () => source.close();
  },
  "extended-eventsource": (url, receive) => {
    const source = new CustomEventSource(url, { disableLogger: true });
    source.addEventListener("message", ({ data }: MessageEvent<string>) => receive(data));
    return () => source.close();
  },
} satisfies Record<string, Connect>;

export type Contestant = keyof typeof contestants;
