import { createRequire } from "node:module";
import type axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { startDemoServer } from "../../../demo/server.mjs";

/** A running demo, with a page that has not been opened yet. */
export interface DemoPage {
  readonly server: Awaited<ReturnType<typeof startDemoServer>>;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Closes everything. Throws if a page of the context raised an error or called another host. */
  close(): Promise<void>;
}

/** Starts the demo's server on a free port, and makes a page for it. */
export async function startDemoPage(browser: Browser): Promise<DemoPage> {
  const server = await startDemoServer({ port: 0 });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const complaints: string[] = [];

  context.on("weberror", (error) => complaints.push(error.error().message));
  context.on("console", (message) => {
    // The browser logs each failed request.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  context.on("request", (request) => {
    if (!request.url().startsWith(server.address))
      complaints.push(`a request to another host: ${request.url()}`);
  });

  return {
    server,
    context,
    page: await context.newPage(),
    async close() {
      await context.close();
      await server.close();
      if (complaints.length > 0) throw new Error(complaints.join("\n"));
    },
  };
}

/** The violations that axe finds in the page as it is, in light and in dark. */
export async function violations(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve("axe-core/axe.min.js") });
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const inScheme = await page.evaluate(async () => {
      const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
      return violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`,
      );
    });
    found.push(...inScheme.map((violation) => `${colorScheme}: ${violation}`));
  }
  return found;
}
