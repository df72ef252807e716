import { describeContract } from "./contract.ts";
import { inChromium } from "./in-chromium.ts";

/** Yaffle's event-source-polyfill 1.0.31: takes ids with NUL, and its events have no `origin`. Its `error` events have the status. */
const yaffle = { tellsStatus: true, takesNulIds: true, hidesOrigin: true };

describeContract("native EventSource in Chromium", inChromium("eventSourceTransport()"));
describeContract("fetch in Chromium", inChromium("fetchTransport()"));
describeContract("the polyfill in Chromium", inChromium("polyfillTransport()", { without: ["EventSource", "streams"] }), {
  obeysCache: true,
});
describeContract("Yaffle's EventSource in Chromium", inChromium("eventSourceTransport(EventSourcePolyfill)"), yaffle);
