// resilient-eventsource/testing
import { ResilientEventSource, type Transport, type TransportRequest } from "resilient-eventsource";
import { fakeStream, type FakeStream, type FakeStreamOptions } from "resilient-eventsource/testing";
import { exactly } from "./exactly.ts";

const stream = fakeStream();
exactly<FakeStream>()(stream);
exactly<Transport>()(stream.transport);
exactly<readonly TransportRequest[]>()(stream.requests);
exactly<boolean>()(stream.connected);
exactly<Promise<TransportRequest>>()(stream.requested());

new ResilientEventSource("/stream", { transport: stream.transport, events: { price: Number } });

exactly<FakeStreamOptions | undefined>()({} as Parameters<typeof fakeStream>[0]);
fakeStream({ repeatable: false });
fakeStream({ repeatable: undefined });
// @ts-expect-error: it is a boolean
fakeStream({ repeatable: "POST" });

stream.open();
stream.open({ status: 200, headers: new Headers() });
stream.send("price", "1");
stream.send("price", { eur: 1 }, { id: "1" });
stream.send("price", 1, { id: undefined });
stream.comment();
stream.retry(1000);
stream.end();
stream.drop();
stream.fail({ reason: "status", status: 503, retryAfter: 1000 });
stream.fail({ reason: "content-type" });

// @ts-expect-error: an event has data
stream.send("price");
// @ts-expect-error: an id is a string
stream.send("price", "1", { id: 1 });
// @ts-expect-error: no such reason
stream.fail({ reason: "fire" });
// @ts-expect-error: what was requested is history
stream.requests.push(stream.requests[0]);
// @ts-expect-error: the stream says so, not the test
stream.connected = true;
