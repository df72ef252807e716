import { inject, TestRunner } from "vitest";
import type { Driven, Page } from "./page.ts";

/** Abilities that only some drivers have. */
export interface Powers {
  /** Freezes the page as a browser freezes a tab in the background, or unfreezes it. */
  setFrozen(frozen: boolean): Promise<unknown>;
  /** Emulates the loss of the network, or its return. */
  setOffline(offline: boolean): Promise<unknown>;
  /** Ends the page's process and waits for that. */
  crash(): Promise<unknown>;
  /** Lets the page hang in a dialog. The result closes it. */
  openDialog(): Promise<() => Promise<unknown>>;
  /** Lets the page hang at a breakpoint. The result resumes it. */
  stopAtBreakpoint(): Promise<() => Promise<unknown>>;
  /**
   * The number of listeners on the page, and its used heap in bytes, after a garbage collection.
   */
  measure(): Promise<{ listeners: number; heap: number }>;
}

/** A driver's abilities for a tab: a page that may be behind others. */
export interface TabDriven extends Driven, Partial<Powers> {
  /** Makes it the visible tab. */
  bringToFront(): Promise<unknown>;
  /**
   * Presses the back button. Evaluate nothing before the page is there: a driver may never answer
   * for a page that is still loading.
   */
  goBack(): Promise<unknown>;
}

/**
 * A requirement of a test: an ability of the driver, a process for each tab, a back-forward cache
 * that takes pages with an open stream, an `import()` that retries after a failure, an EventSource
 * that survives a line of 50 MB, a network namespace to run in, or
 * timers that a hidden page gets within a second.
 */
type Need =
  | keyof Powers
  | "processPerTab"
  | "cachesStreaming"
  | "importsAgain"
  | "longLines"
  | "ownNetwork"
  | "promptTimers";

interface EngineBrowser<Drive extends Driven> {
  open(url: string): Promise<Page<Drive>>;
  close(): Promise<void>;
}

/** A browser with a fresh profile whose pages all behave as if they were visible. */
export type PageBrowser = EngineBrowser<Driven>;

/**
 * A browser with a fresh profile as users have it. Its pages are tabs: hidden behind others they
 * slow down, and the back button has a cache.
 */
export type TabBrowser = EngineBrowser<TabDriven>;

export interface Engine {
  readonly name: EngineName;
  /** Why it, or its driver, lacks an ability. */
  readonly lacks: Partial<Record<Need, string>>;
  /** @param program Default: the one that is found. */
  launch(program?: string): Promise<PageBrowser>;
  launchTabs(): Promise<TabBrowser>;
  /** A browser whose user blocks all cookies, and storage with them. */
  readonly launchWithoutCookies?: () => Promise<PageBrowser>;
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

/** The engine of this run of a test file. */
export const engine: Engine = await engines[inject("engine")]();

/** Skips the running test, with the reason, where the engine lacks what it needs. */
export function needs(need: Need): void {
  const reason = engine.lacks[need];
  if (reason) TestRunner.getCurrentTest()!.context.skip(reason);
}
