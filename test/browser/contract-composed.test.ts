// Transports that are composed of others.
import { eventSourceTransport } from "../../src/transport/event-source.ts";
import { fetchTransport } from "../../src/transport/fetch.ts";
import { describeContract, type Traits } from "../contract/contract.ts";
import { native, streaming, xhr } from "../contract/engine-traits.ts";
import { inPage } from "../contract/in-page.ts";

const eventSource = eventSourceTransport().abilities!;
const fetching = fetchTransport().abilities!;

/** EventSource cannot send the id in a header, so even the first connection uses fetch. */
const firstOfAuto: Traits["abilities"] = ({ lastEventId, resume }, isSameOrigin) =>
  lastEventId && (resume === "header" || (!resume && isSameOrigin)) ? fetching : eventSource;

/** A name without listeners in one tab may have some in another, so names are never removed. */
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
