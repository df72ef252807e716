import type { SourceHandle } from "./transport.ts";

/** What opened a source's latest connection. A source that is missing here has never been open. */
export const openedBy = new WeakMap<SourceHandle, "EventSource" | "fetch">();
