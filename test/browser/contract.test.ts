import { describeBodies } from "../contract/bodies.ts";
import { describeContract } from "../contract/contract.ts";
import { native, streaming, xhr } from "../contract/engine-traits.ts";
import { inPage } from "../contract/in-page.ts";

/**
 * event-source-polyfill 1.0.31 (Yaffle) accepts ids with NUL. Its events have no `origin`; its
 * `error` events have the status.
 */
const yaffle = { tellsStatus: true, takesNulIds: true, hidesOrigin: true };

/** `npm test` has what users get where nothing is missing. */
const slow = { tags: "slow" } as const;

describeContract("native EventSource", inPage("eventSourceTransport()"), native);
describeContract("fetch", inPage("fetchTransport()"), streaming);
describeContract(
  "the polyfill",
  inPage("polyfillTransport()", { without: ["EventSource", "streams"] }),
  { ...xhr, obeysCache: true },
  slow,
);
describeContract(
  "Yaffle's EventSource",
  inPage("eventSourceTransport(EventSourcePolyfill)"),
  { ...streaming, ...yaffle },
  slow,
);
describeBodies(
  "fetch",
  {
    custom: inPage("fetchTransport({ fetch: fetchMade })"),
    global: inPage("withGlobal(fetchMade, fetchTransport())"),
    copied: inPage("withGlobal(fetchCopied, fetchTransport())"),
  },
  slow,
);
