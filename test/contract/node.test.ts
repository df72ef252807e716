import { EventSource } from "eventsource";
import { eventSourceTransport } from "../../src/transport/event-source.ts";
import { fetchTransport } from "../../src/transport/fetch.ts";
import { describeContract } from "./contract.ts";
import { inNode } from "./harness.ts";

/**
 * The eventsource package 4.1: gives each event its own block's id only ("lastEventId: event.id || ''"), and aborts nothing when it refuses an
 * answer. Its `error` events have the status, as `code`.
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
