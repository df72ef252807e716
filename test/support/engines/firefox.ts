import { launch, type Browser, type Page as PuppeteerPage } from "puppeteer-core";
import { browserPath } from "../browsers.ts";
import type { Engine, TabDriven } from "./engine.ts";
import { Page, type Driven } from "./page.ts";

/** Timers of pages that are behind others go as fast as those of pages that are seen. */
const UNTHROTTLED = {
  "dom.min_background_timeout_value": 4,
  "dom.timeout.enable_budget_timer_throttling": false,
};

/** The back-forward cache as users have it. Puppeteer takes it out of the parent process. */
const AS_FOR_USERS = { "fission.bfcacheInParent": true };

/** Firefox, by Puppeteer over WebDriver BiDi. */
export const firefox: Engine = {
  name: "firefox",
  lacks: {
    setFrozen: "Firefox freezes no page",
    crash: "WebDriver BiDi cannot end the process of a tab",
    measure: "WebDriver BiDi tells neither heap nor listeners",
    importsAgain: "Firefox remembers a failed import() as long as the page lives; it never needs the polyfill",
    cachesStreaming: "Firefox keeps no page in the back-forward cache whose stream was open when it was left",
  },

  async launch() {
    const browser = await start(UNTHROTTLED);
    return {
      async open(url) {
        const page = new Page(drive(await browser.newPage()));
        await page.goto(url);
        return page;
      },
      close: () => browser.close(),
    };
  },

  async launchTabs() {
    const browser = await start(AS_FOR_USERS);
    return {
      async open(url) {
        const page = new Page(driveTab(await browser.newPage()));
        await page.goto(url);
        return page;
      },
      close: () => browser.close(),
    };
  },
};

function start(extraPrefsFirefox: Record<string, unknown>): Promise<Browser> {
  return launch({ browser: "firefox", executablePath: browserPath("firefox"), headless: true, extraPrefsFirefox });
}

function drive(page: PuppeteerPage): Driven {
  return {
    goto: (url) => page.goto(url),
    evaluate: async (expression) => (await page.evaluate(expression)) as string,
    close: () => page.close(),
  };
}

function driveTab(page: PuppeteerPage): TabDriven {
  return {
    ...drive(page),
    bringToFront: () => page.bringToFront(),
    setOffline: (offline) => page.setOfflineMode(offline),
  };
}
