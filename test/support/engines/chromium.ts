import type { Page as PlaywrightPage } from "playwright-core";
import { launchChromium } from "../browsers.ts";
import type { Engine } from "./engine.ts";
import { Page, type Driven } from "./page.ts";

/** Chromium, by Playwright. */
export const chromium: Engine = {
  name: "chromium",

  async launch() {
    const browser = await launchChromium();
    return {
      async open(url) {
        const page = new Page(drive(await browser.newPage()));
        await page.goto(url);
        return page;
      },
      close: () => browser.close(),
    };
  },
};

function drive(page: PlaywrightPage): Driven {
  return {
    goto: (url) => page.goto(url),
    evaluate: (expression) => page.evaluate<string>(expression),
    close: () => page.close(),
  };
}
