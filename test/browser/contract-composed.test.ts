// Transports that are made of others.
import { eventSourceTransport } from "../../src/transport/event-source.ts";
import { fetchTransport } from "../../src/transport/fetch.ts";
import { describeContract, type Traits } from "../contract/contract.ts";
import { native, streaming, xhr } from "../contract/engine-traits.ts";
import { inPage } from "../contract/in-page.ts";

const eventSource = eventSourceTransport().abilities!;
const fetching = fetchTransport().abilities!;

/** A header to resume by is nothing for EventSource, so then even the first connection is made by fetch. */
const firstOfAuto: Traits["abilities"] = ({ lastEventId, resume }, isSameOrigin) =>
  lastEventId && (resume === "header" || (!resume && isSameOrigin)) ? fetching : eventSource;

/** What one tab does not hear any more, another one may: names are never taken back. */
const shared = { keepsNames: true };
const KEY = "{ key: crypto.randomUUID() }";

const slow = { tags: "slow" } as const;

describeContract("auto, first attempt", inPage("autoTransport()"), {
  ...native,
  abilities: firstOfAuto,
});
describeContract("auto, later attempts", inPage("afterFirst(autoTransport())"), {
  ...streaming,
  abilities: () => fetching,
});
describeContract(
  "auto in an old browser",
  inPage("autoTransport()", { without: ["EventSource", "streams"] }),
  {
    ...xhr,
    abilities: () => fetching,
    obeysCache: true,
  },
  slow,
);
describeContract(
  "shared fetch",
  inPage(`sharedTransport(fetchTransport(), ${KEY})`),
  { ...streaming, ...shared },
  slow,
);
describeContract(
  "shared EventSource",
  inPage(`sharedTransport(eventSourceTransport(), ${KEY})`),
  { ...native, ...shared },
  slow,
);
