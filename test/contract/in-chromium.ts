import { launchChromium } from "../support/browsers.ts";
import { inPagesOf } from "./in-page.ts";

export const inChromium = inPagesOf(async () => {
  const browser = await launchChromium();
  return {
    async open(url) {
      const page = await browser.newPage();
      await page.goto(url);
      return { evaluate: (expression) => page.evaluate(expression), close: () => page.close() };
    },
    close: () => browser.close(),
  };
});
