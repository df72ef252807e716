import { launch, type Page as PuppeteerPage } from "puppeteer-core";
import { browserPath } from "../browsers.ts";
import type { Engine } from "./engine.ts";
import { Page, type Driven } from "./page.ts";

/** Timers of pages that are behind others go as fast as those of pages that are seen. */
const UNTHROTTLED = {
  "dom.min_background_timeout_value": 4,
  "dom.timeout.enable_budget_timer_throttling": false,
};

/** Firefox, by Puppeteer over WebDriver BiDi. */
export const firefox: Engine = {
  name: "firefox",

  async launch() {
    const browser = await launch({
      browser: "firefox",
      executablePath: browserPath("firefox"),
      headless: true,
      extraPrefsFirefox: UNTHROTTLED,
    });
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

function drive(page: PuppeteerPage): Driven {
  return {
    goto: (url) => page.goto(url),
    evaluate: async (expression) => (await page.evaluate(expression)) as string,
    close: () => page.close(),
  };
}
