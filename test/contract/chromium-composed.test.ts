// Transports that are made of others. A file of its own, so that it runs beside the other one.
import { eventSourceTransport } from "../../src/transport/event-source.ts";
import { fetchTransport } from "../../src/transport/fetch.ts";
import { describeContract, type Traits } from "./contract.ts";
import { inChromium } from "./in-chromium.ts";

const eventSource = eventSourceTransport().abilities!;
const fetching = fetchTransport().abilities!;

/** A header to resume by is nothing for EventSource, so then even the first connection is made by fetch. */
const firstOfAuto: Traits["abilities"] = ({ lastEventId, resume }, isSameOrigin) =>
  lastEventId && (resume === "header" || (!resume && isSameOrigin)) ? fetching : eventSource;

/** What one tab does not hear any more, another one may: names are never taken back. */
const shared = { keepsNames: true };

describeContract("auto in Chromium, first attempt", inChromium("autoTransport()"), { abilities: firstOfAuto });
describeContract("auto in Chromium, later attempts", inChromium("afterFirst(autoTransport())"), { abilities: () => fetching });
describeContract("auto in an old browser", inChromium("autoTransport()", { without: ["EventSource", "streams"] }), {
  abilities: () => fetching,
  obeysCache: true,
});
describeContract("shared fetch in Chromium", inChromium("sharedTransport(fetchTransport(), { key: crypto.randomUUID() })"), shared);
describeContract(
  "shared EventSource in Chromium",
  inChromium("sharedTransport(eventSourceTransport(), { key: crypto.randomUUID() })"),
  shared,
);
