import { inject } from "vitest";
import type { Page } from "./page.ts";

/** A browser of an engine, with a fresh profile. */
export interface EngineBrowser {
  /** Opens a page that is seen as long as it is open, whatever other pages do. */
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: EngineName;
  launch(): Promise<EngineBrowser>;
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
