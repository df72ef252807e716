import { EventSource } from "eventsource";
import { eventSourceTransport } from "../../src/transport/event-source.ts";
import { fetchTransport } from "../../src/transport/fetch.ts";
import { describeBodies } from "./bodies.ts";
import { describeContract } from "./contract.ts";
import { inNode } from "./harness.ts";
import { fetchCopied, fetchMade, withGlobal } from "./made-bodies.ts";

/**
 * eventsource 4.1 gives each event only the id of its own block ("lastEventId: event.id || ''"),
 * and does not abort an answer that it refuses. Its `error` events have the status, as `code`.
 */
const eventsourcePackage = { tellsStatus: true, forgetsIds: true, keepsRefusedBodies: true };

describeContract(
  "fetch in Node",
  inNode(() => fetchTransport()),
);
describeContract(
  "eventsource in Node",
  inNode(() => eventSourceTransport(EventSource)),
  eventsourcePackage,
);
describeBodies("fetch in Node", {
  custom: inNode(() => fetchTransport({ fetch: fetchMade })),
  global: inNode(() => withGlobal(fetchMade, fetchTransport())),
  copied: inNode(() => withGlobal(fetchCopied, fetchTransport())),
});
