import { engine, type EngineName } from "../support/browsers/engines/engine.ts";
import type { Traits } from "./contract.ts";

// What is particular to an engine, as data. Chromium 156 has none of it: there the contract holds as it is written.

/** What it does to every transport. */
const platforms: Record<EngineName, Traits> = {
  chromium: {},
  /** Firefox 153. */
  firefox: { holdsRedirected: true, takesTextForAnswer: true, requestsPerAttempt: 10 },
  /** WebKitGTK 2.50, whose HTTP is that of libsoup 3. */
  webkit: { normalizesUrls: true, recodesHeaders: true, endsBetweenChunks: true },
};

/** What its own EventSource does besides. */
const eventSources: Record<EngineName, Traits> = {
  chromium: {},
  firefox: { dropsNul: true, forgetsIdsWithoutData: true, givesUpEarly: true },
  webkit: { keepsSplitMarks: true, longestEvent: 2 ** 21 },
};

/** What its XMLHttpRequest does besides. */
const xhrs: Record<EngineName, Traits> = {
  chromium: {},
  firefox: {},
  webkit: { keepsSplitMarks: true },
};

/** What its fetch does besides. */
const fetches: Record<EngineName, Traits> = {
  chromium: {},
  firefox: {},
  webkit: { dropsChunks: true },
};

export const platform = platforms[engine.name];
export const native: Traits = { ...platform, ...eventSources[engine.name] };
export const xhr: Traits = { ...platform, ...xhrs[engine.name] };
export const streaming: Traits = { ...platform, ...fetches[engine.name] };

/** What a server reads in the header when this id was sent. */
export const asReceived = (id: string): string =>
  platform.recodesHeaders ? Buffer.from(id).toString("latin1") : id;
