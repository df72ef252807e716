import { engine, type EngineName } from "../support/browsers/engines/engine.ts";
import type { Traits } from "./contract.ts";

// Peculiarities of an engine, as data. Chromium 156 has none: there the contract holds as it is
// written.

/** Those of every transport. */
const platforms: Record<EngineName, Traits> = {
  chromium: {},
  /** Firefox 153. */
  firefox: { holdsRedirected: true, takesTextForAnswer: true, requestsPerAttempt: 10 },
  /** WebKitGTK 2.50, which uses libsoup 3 for HTTP. */
  webkit: { normalizesUrls: true, recodesHeaders: true, endsBetweenChunks: true },
};

/** Those of its own EventSource. */
const eventSources: Record<EngineName, Traits> = {
  chromium: {},
  firefox: { dropsNul: true, forgetsIdsWithoutData: true, givesUpEarly: true },
  webkit: { keepsSplitMarks: true, longestEvent: 2 ** 21 },
};

/** Those of its XMLHttpRequest. */
const xhrs: Record<EngineName, Traits> = {
  chromium: {},
  firefox: {},
  webkit: { keepsSplitMarks: true },
};

/** Those of its fetch. */
const fetches: Record<EngineName, Traits> = {
  chromium: {},
  firefox: {},
  webkit: { dropsChunks: true },
};

export const platform = platforms[engine.name];
export const native: Traits = { ...platform, ...eventSources[engine.name] };
export const xhr: Traits = { ...platform, ...xhrs[engine.name] };
export const streaming: Traits = { ...platform, ...fetches[engine.name] };

/** The header's value as a server reads it when this id was sent. */
export const asReceived = (id: string): string =>
  platform.recodesHeaders ? Buffer.from(id).toString("latin1") : id;
