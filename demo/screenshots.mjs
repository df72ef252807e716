// @ts-check
// npm run demo:screenshots: takes the pictures of the README from the demo, in headless Chromium.
import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { chromiumFlags } from "../test/support/browsers/chromium-flags.mjs";
import { startDemoServer } from "./server.mjs";

/** @import { Page } from "playwright-core" */

/** The largest size of a picture, in bytes, since they are in the repository. */
const LARGEST = 150_000;
const folder = fileURLToPath(new URL("screenshots/", import.meta.url));

const press = (/** @type {Page} */ page, /** @type {string} */ name) =>
  page.getByRole("button", { name, exact: true }).click();
const seconds = (/** @type {Page} */ page, /** @type {number} */ count) =>
  page.waitForTimeout(count * 1000);
const status = (/** @type {Page} */ page, /** @type {string} */ text) =>
  page.locator("[data-part=status][data-of=resilient]", { hasText: text }).waitFor();

/** @param {Page} page */
async function breakIt(page) {
  await seconds(page, 12);
  await press(page, "Expire the token");
  await seconds(page, 9);
  await press(page, "Answer 503");
  await seconds(page, 18);
  await press(page, "Stall");
  await seconds(page, 9);
}

/**
 * The pictures: the name of the file, how the page is opened, how it gets there, and the part to
 * show: one section, or everything from the top to the end of the timeline. With a `clock` of its own
 * a page shows the same on any machine, however busy: a typical run.
 *
 * @type {{ name: string, dark?: boolean, phone?: boolean, clock?: boolean, only?: string, play(page: Page):
 *   Promise<void> }[]}
 */
const scenes = [
  { name: "live", play: (page) => seconds(page, 20) },
  { name: "outage", play: breakIt },
  { name: "results", only: "results", play: breakIt },
  {
    name: "waiting-dark",
    dark: true,
    async play(page) {
      await seconds(page, 12);
      await press(page, "Stop it for 10 s");
      await seconds(page, 7);
      await status(page, "Waiting");
    },
  },
  {
    name: "offline",
    async play(page) {
      await seconds(page, 12);
      await press(page, "Go offline");
      await status(page, "Waiting"); // The demo is on this machine, which "offline" does not concern.
      await seconds(page, 5);
    },
  },
  {
    name: "stopped-dark",
    dark: true,
    async play(page) {
      await seconds(page, 12);
      await press(page, "Answer 204");
      await status(page, "Stopped");
      await seconds(page, 6);
    },
  },
  {
    name: "storm",
    only: "storm",
    clock: true,
    async play(page) {
      await press(page, "Start the storm");
      await page.clock.runFor(13_000);
    },
  },
  {
    name: "storm-dark",
    dark: true,
    clock: true,
    only: "storm",
    async play(page) {
      await page.getByRole("radio", { name: "answers 503" }).check();
      await press(page, "Start the storm");
      await page.clock.runFor(11_000);
    },
  },
  {
    name: "phone",
    phone: true,
    async play(page) {
      await seconds(page, 8);
      await press(page, "Expire the token");
      await seconds(page, 6);
    },
  },
];

const wanted = process.argv.slice(2);
const executablePath = process.env.CHROME_PATH ?? "/usr/bin/chromium";
const server = await startDemoServer({ port: 0 });
const browser = await chromium.launch({ executablePath, args: chromiumFlags });
mkdirSync(folder, { recursive: true });
try {
  for (const { name, dark, phone, clock, only, play } of scenes) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    server.faults.begin("start");
    const [width, height] = phone ? [390, 844] : [1120, 1000];
    const page = await browser.newPage({
      colorScheme: dark ? "dark" : "light",
      viewport: { width, height },
    });
    if (clock) await page.clock.install();
    await page.goto(server.address);
    await status(page, "Open");
    if (clock) await page.clock.pauseAt(Date.now() + 1000);
    await play(page);
    const path = `${folder}${name}.png`;
    const section = page.locator(`section[aria-labelledby=${only ?? "timeline"}-title]`);
    if (only) await section.screenshot({ path });
    else {
      const box = await section.boundingBox();
      await page.screenshot({
        path,
        fullPage: true,
        clip: {
          x: 0,
          y: 0,
          width,
          height: phone ? height : (box?.y ?? 0) + (box?.height ?? 0) + 20,
        },
      });
    }
    await page.close();
    const { size } = statSync(path);
    console.log(`demo/screenshots/${name}.png  ${Math.ceil(size / 1024)} KiB`);
    if (size > LARGEST) throw new Error(`${name}.png is larger than ${LARGEST} bytes`);
  }
} finally {
  await browser.close();
  await server.close();
}
