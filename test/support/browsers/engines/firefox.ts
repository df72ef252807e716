import { launch, type Page as PuppeteerPage } from "puppeteer-core";
import { browserPath } from "../browsers.ts";
import type { Engine, TabBrowser, TabDriven } from "./engine.ts";
import { goBack, opener } from "./page.ts";

/** Timers of pages behind others run as fast as those of visible pages. */
const UNTHROTTLED = {
  "dom.min_background_timeout_value": 4,
  "dom.timeout.enable_budget_timer_throttling": false,
};

/** The back-forward cache as users have it. Puppeteer disables it in the parent process. */
const AS_FOR_USERS = { "fission.bfcacheInParent": true };

/** Firefox, by Puppeteer over WebDriver BiDi. */
export const firefox: Engine = {
  name: "firefox",
  lacks: {
    ownNetwork: "Firefox is driven over TCP, which ends at the border of a network namespace",
    setFrozen: "Firefox freezes no page",
    crash: "WebDriver BiDi cannot end the process of a tab",
    openDialog: "a page of Firefox handles messages while a dialog is open, so it does not hang",
    processPerTab: "only Chromium is known to let one tab hang without the others",
    stopAtBreakpoint: "WebDriver BiDi sets no breakpoints",
    measure: "WebDriver BiDi tells neither heap nor listeners",
    importsAgain:
      "Firefox remembers a failed import() as long as the page lives; it never needs the polyfill",
    cachesStreaming:
      "Firefox keeps no page in the back-forward cache whose stream was open when it was left",
  },

  launch: () => start(UNTHROTTLED),
  launchTabs: () => start(AS_FOR_USERS),
  launchWithoutCookies: () => start({ "network.cookie.cookieBehavior": 2 }),
};

async function start(extraPrefsFirefox: Record<string, unknown>): Promise<TabBrowser> {
  const browser = await launch({
    browser: "firefox",
    executablePath: browserPath("firefox"),
    headless: true,
    extraPrefsFirefox,
  });
  return { open: opener(async () => drive(await browser.newPage())), close: () => browser.close() };
}

function drive(page: PuppeteerPage): TabDriven {
  return {
    goto: (url) => page.goto(url),
    evaluate: async (expression) => (await page.evaluate(expression)) as string,
    close: () => page.close(),
    bringToFront: () => page.bringToFront(),
    goBack: () => page.evaluate(goBack),
    setOffline: (offline) => page.setOfflineMode(offline),
  };
}
