import type { SourceHandle } from "./transport.ts";

/** The API that opened a source's latest connection. A source that was never open has no entry. */
export const openedBy = new WeakMap<SourceHandle, "EventSource" | "fetch">();
