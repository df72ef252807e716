import { inject, TestRunner } from "vitest";
import type { Driven, Page } from "./page.ts";

/** What only some drivers can do to a page. */
export interface Powers {
  /** Freezes it as a browser does with a tab in the background, or brings it back. */
  setFrozen(frozen: boolean): Promise<unknown>;
  /** Emulates the loss of the network, and its return. */
  setOffline(offline: boolean): Promise<unknown>;
  /** Ends its process, and resolves when it is gone. */
  crash(): Promise<unknown>;
  /** Listeners of the page, and its used heap in bytes, after a garbage collection. */
  measure(): Promise<{ listeners: number; heap: number }>;
}

/** What a driver can do to a tab: a page that may be behind others. */
export interface TabDriven extends Driven, Partial<Powers> {
  /** Makes it the one that is seen. */
  bringToFront(): Promise<unknown>;
  /** Presses the back button. The page may be asked again when it is there: a driver may never answer for one that is on its way. */
  goBack(): Promise<unknown>;
}

/**
 * What a test may need: a power of the driver, a back-forward cache that takes pages whose stream is open, an `import()` that tries again, or an
 * EventSource that survives a line of 50 MB.
 */
type Need = keyof Powers | "cachesStreaming" | "importsAgain" | "longLines";

interface EngineBrowser<Drive extends Driven> {
  open(url: string): Promise<Page<Drive>>;
  close(): Promise<void>;
}

/** A browser with a fresh profile, whose pages are as busy as one that is seen, whatever other pages do. */
export type PageBrowser = EngineBrowser<Driven>;

/** A browser with a fresh profile as users have it, whose pages are tabs: hidden behind others they slow down, and the back button has a cache. */
export type TabBrowser = EngineBrowser<TabDriven>;

export interface Engine {
  readonly name: EngineName;
  /** Why it, or its driver, cannot do everything. */
  readonly lacks: Partial<Record<Need, string>>;
  launch(): Promise<PageBrowser>;
  launchTabs(): Promise<TabBrowser>;
}

const engines = {
  chromium: async () => (await import("./chromium.ts")).chromium,
  firefox: async () => (await import("./firefox.ts")).firefox,
  webkit: async () => (await import("./webkit.ts")).webkit,
} satisfies Record<string, () => Promise<Engine>>;

export type EngineName = keyof typeof engines;

declare module "vitest" {
  interface ProvidedContext {
    engine: EngineName;
  }
}

/** The engine that this run of a test file is about. */
export const engine: Engine = await engines[inject("engine")]();

/** Skips the running test, and says why, where the engine lacks what it needs. */
export function needs(need: Need): void {
  const reason = engine.lacks[need];
  if (reason) TestRunner.getCurrentTest()!.context.skip(reason);
}
