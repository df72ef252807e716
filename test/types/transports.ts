// A transport written by a user: one connection, from request to end.
import {
  ConnectionError,
  eventSourceTransport,
  ResilientEventSource,
  type EventMeta,
  type EventSourceClass,
  type ListenedTypes,
  type Resume,
  type Sink,
  type Transport,
  type TransportAbilities,
  type TransportEventMeta,
  type TransportRequest,
} from "resilient-eventsource";
import { exactly } from "./exactly.ts";

const overSocket: Transport = (request, sink) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(request.url);
    request.signal.addEventListener("abort", () => {
      socket.close();
      resolve();
    });
    socket.onopen = () => sink.open();
    socket.onmessage = ({ data }: MessageEvent<string>) =>
      sink.event("message", data, { lastEventId: "", origin: socket.url });
    socket.onerror = () => reject(new ConnectionError("the socket broke", { reason: "network" }));
    socket.onclose = () => resolve();
  });
new ResilientEventSource("/stream", { transport: overSocket });

// One around another, with abilities of its own.
const counting = (inner: Transport): Transport =>
  Object.assign(
    async (request: TransportRequest, sink: Sink) => {
      let count = 0;
      await inner(request, {
        ...sink,
        event: (type, data, position) => sink.event(type, `${++count} ${data}`, position),
      });
    },
    {
      abilities:
        inner.abilities ??
        ({
          headers: false,
          resume: "query",
          comments: false,
          status: false,
        } satisfies TransportAbilities),
    },
  );
new ResilientEventSource("/stream", {
  transport: counting(overSocket),
  events: { message: (text) => text.length },
});

export const inspecting: Transport = async (request, sink) => {
  exactly<string>()(request.url);
  exactly<boolean>()(request.withCredentials);
  exactly<string>()(request.lastEventId);
  exactly<string>()(request.origin);
  exactly<number>()(request.connectTimeout);
  exactly<number>()(request.heartbeatTimeout);
  exactly<Resume | undefined>()(request.resume);
  exactly<number>()(request.attempt);
  exactly<AbortSignal>()(request.signal);
  exactly<ListenedTypes>()(request.names);
  for (const name of request.names) exactly<string>()(name);
  const stop = request.names.observe((name, heard) => {
    exactly<string>()(name);
    exactly<boolean>()(heard);
  });
  sink.answered?.();
  sink.open({ status: 200, headers: new Headers() });
  sink.activity();
  sink.retry(1000);
  sink.lastEventId("1");
  await Promise.resolve();
  stop();
};

// Any EventSource class will do: a polyfill, a mock.
class Mock extends EventTarget {
  readyState = 0;
  constructor(readonly url: string) {
    super();
  }
  close(): void {
    this.readyState = 2;
  }
}
export const mock: EventSourceClass = Mock;
eventSourceTransport(Mock);
eventSourceTransport(ResilientEventSource);

// @ts-expect-error: it ends some time
export const endless: Transport = () => undefined;
// @ts-expect-error: its id and origin are missing
export const withoutMeta: Transport = async (_request, sink) => sink.event("message", "data");
declare const meta: TransportEventMeta;
exactly<EventMeta & { readonly idInherited?: boolean }>()(meta);
// @ts-expect-error: data is text, decoding is not a transport's business
const decoding: Transport = async (_, { event }) => event("message", { a: 1 }, meta);
export { decoding };
// @ts-expect-error: not an EventSource
eventSourceTransport(EventTarget);
