// Runs in pages, so nothing here may refer to anything outside of `installRecord`.
import type * as Library from "../../../src/index.ts";

/** The record of one tab, as data. */
export interface TabReport {
  state: Library.ConnectionState;
  /** The numbers of its first and its last event; 0 if there is none yet. */
  first: number;
  last: number;
  /** Events that are not the one after the event before. */
  wrong: string[];
  uncaught: string[];
  /** States entered since the last report. */
  entered: string[];
}

declare global {
  /** The source of this page. */
  var stormTab: {
    source: Library.ResilientEventSource;
    /** Takes a report. */
    report(): TabReport;
  };
}

/**
 * Makes the source of a tab, and checks that each event comes once and in order: the data of event
 * 7 is "7". A page that is loaded again resumes where the one before it ended.
 */
export function installRecord({ url, key }: { url: string; key: string }): void {
  const { fetchTransport, ResilientEventSource, sharedTransport } = library;
  const lastEventId = sessionStorage.getItem("last") ?? "";
  const uncaught: string[] = [];
  const wrong: string[] = [];
  let entered: string[] = [];
  let first = Number(sessionStorage.getItem("first") ?? 0);
  let last = Number(lastEventId);
  addEventListener("error", ({ message }) => uncaught.push(message));
  addEventListener("unhandledrejection", ({ reason }) => uncaught.push(String(reason)));

  const source = new ResilientEventSource(url, {
    lastEventId,
    transport: sharedTransport(fetchTransport(), { key }),
    backoff: { startingDelay: 200, maxDelay: 1000 },
  });
  source.addEventListener("statechange", () => entered.push(source.state.status));
  source.on("message", (data) => {
    const number = Number(data);
    if (last && number !== last + 1) wrong.push(`event ${number} after event ${last}`);
    if (!first) sessionStorage.setItem("first", String((first = number)));
    last = number;
    sessionStorage.setItem("last", source.lastEventId);
  });
  globalThis.stormTab = {
    source,
    report() {
      const report = { state: source.state, first, last, wrong, uncaught, entered };
      entered = [];
      return report;
    },
  };
}
