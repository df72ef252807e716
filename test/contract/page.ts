// The script of the page in which transports run. A test's expression is evaluated with these
// globals.
import { EventSourcePolyfill } from "event-source-polyfill";
import { sharedTransport } from "../../src/sharing/shared.ts";
import { autoTransport } from "../../src/transport/auto.ts";
import { eventSourceTransport } from "../../src/transport/event-source.ts";
import { fetchTransport } from "../../src/transport/fetch.ts";
import { polyfillTransport } from "../../src/transport/polyfill.ts";
import { fetchCopied, fetchMade, withGlobal } from "./made-bodies.ts";
import { afterFirst, record, type Recording } from "./recorder.ts";

const recordings: Recording[] = [];

Object.assign(globalThis, {
  EventSourcePolyfill,
  afterFirst,
  autoTransport,
  eventSourceTransport,
  fetchCopied,
  fetchMade,
  fetchTransport,
  polyfillTransport,
  record,
  recordings,
  sharedTransport,
  withGlobal,
});
