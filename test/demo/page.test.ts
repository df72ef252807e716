import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PATIENCE } from "../support/patience.ts";
import { launchChromium } from "../support/browsers/browsers.ts";
import { startDemoPage, violations, type DemoPage } from "../support/demo/demo-page.ts";

/**
 * How long faults last, in seconds: long enough for a native EventSource, which retries after
 * three.
 */
const SECONDS = 5;

let browser: Browser;
let demo: DemoPage;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  demo = await startDemoPage(browser);
  page = demo.page;
});
afterEach(() => demo.close());

const address = (): string => `${demo.server.address}?seconds=${SECONDS}`;
async function open(opened = page): Promise<void> {
  await opened.goto(address());
  await expect.poll(() => states(opened)).toEqual(["Open", "Open"]);
  await expect.poll(() => number("resilient", "received", opened)).toBeGreaterThan(0);
  await expect.poll(() => number("native", "received", opened)).toBeGreaterThan(0);
}

const press = (name: string, opened = page): Promise<void> =>
  opened.getByRole("button", { name, exact: true }).click();
const state = (client: string, opened = page): Promise<string | null> =>
  opened.locator(`[data-part=status][data-of=${client}]`).textContent();
const states = (opened = page): Promise<(string | null)[]> =>
  Promise.all([state("native", opened), state("resilient", opened)]);
/** The colour of a state, as the style sheet names it. */
const looks = (client: string): Promise<string> =>
  page.locator(`[data-part=status][data-of=${client}]`).evaluate((badge) => {
    const own = getComputedStyle(badge).getPropertyValue("--status").trim();
    const { style } = badge.appendChild(document.createElement("i"));
    const found = ["bad", "soft", "good", "busy"].find((name) => {
      style.setProperty("--probe", `var(--${name})`);
      return getComputedStyle(badge.lastElementChild!).getPropertyValue("--probe").trim() === own;
    });
    badge.lastElementChild!.remove();
    return `var(--${found ?? "?"})`;
  });
const fact = (client: string, name: string, opened = page): Locator =>
  opened.locator(`[data-facts=${client}] .${name} dd`);
const number = async (client: string, name: string, opened = page): Promise<number> =>
  Number((await fact(client, name, opened).textContent())?.replace(",", ""));
const news = (): Promise<string | null> => page.locator("#news").textContent();
/** The cells of the latest fault in the table: native's, and ours. */
const outcome = async (client: "EventSource" | "ResilientEventSource"): Promise<string> =>
  (await page
    .locator(`#results tbody tr:first-child td[data-client=${client}] > span:last-child`)
    .textContent()) ?? "";
const comesTo = (client: "EventSource" | "ResilientEventSource", expected: RegExp): Promise<void> =>
  expect.poll(() => outcome(client)).toMatch(expected);

/** How many pixels of a canvas have the style sheet's colour of a state. Runs in the page. */
function countPixels([selector, colour]: readonly [selector: string, colour: string]): number {
  const canvas = document.querySelector<HTMLCanvasElement>(selector)!;
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  const hex = getComputedStyle(document.documentElement).getPropertyValue(`--${colour}`).trim();
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  let count = 0;
  for (let at = 0; at < data.length; at += 4)
    // The edge of a thin line is half transparent, so this is less precise.
    if (
      [red, green, blue].every((part, index) => Math.abs(data[at + index]! - part!) < 8) &&
      data[at + 3]! > 100
    )
      count++;
  return count;
}
const drawn = (selector: string, colour: string): Promise<number> =>
  page.evaluate(countPixels, [selector, colour] as const);
const timeline = (colour: string): Promise<number> => drawn("#timeline canvas", colour);

const back = /^Back (at once|after [\d.]+ s).* Nothing lost, nothing twice\.$/;

describe("each control", () => {
  beforeEach(() => open());

  test("Stop it: both come back, and ours says what it waits for", async () => {
    expect([await timeline("waiting"), await timeline("closed")]).toEqual([0, 0]);
    expect(await timeline("open")).toBeGreaterThan(0);
    await press(`Stop it for ${SECONDS} s`);
    await expect.poll(news).toBe(`The server is stopped for ${SECONDS} seconds. Nothing answers.`);
    await expect.poll(() => states()).toEqual(["Reconnecting", "Waiting"]);
    await expect.poll(() => timeline("waiting")).toBeGreaterThan(0);
    expect(await page.locator("[data-part=detail][data-of=resilient]").textContent()).toMatch(
      /^Attempt \d+( in [\d.]+ s)?$/,
    );
    await comesTo("EventSource", back);
    await comesTo("ResilientEventSource", back);
    expect(await fact("resilient", "reason").textContent()).toMatch(/^the server was not reached/);
    expect([await number("resilient", "lost"), await number("resilient", "repeated")]).toEqual([
      0, 0,
    ]);
    await expect.poll(news).toMatch(/^EventSource: back .*\nResilientEventSource: back /);
  });

  test("Answer 503: native gives up for good, ours comes back and says why", async () => {
    await press("Answer 503");
    await comesTo("EventSource", /^Gave up for good, and does not say why\./);
    await comesTo("ResilientEventSource", back);
    expect(await outcome("ResilientEventSource")).toContain(
      "the server answered 503, and asks for 3 s of rest",
    );
    expect(await states()).toEqual(["Gave up", "Open"]);
    // Until the fault ends, its sentence stands; then what is true by then, without running figures.
    await expect.poll(news).toMatch(/^The server answers again\.$|^EventSource: /);
    await expect
      .poll(news)
      .toMatch(
        /^EventSource: gave up for good, and does not say why\.\nResilientEventSource: back after /,
      );
    // Events that native has missed by now are counted.
    await expect.poll(() => number("native", "behind")).toBeGreaterThan(8);
    await expect.poll(() => timeline("closed")).toBeGreaterThan(100);
    expect(await timeline("waiting")).toBeGreaterThan(0);
    await press("Start again");
    await expect.poll(() => states()).toEqual(["Open", "Open"]);
    await expect.poll(() => number("native", "lost")).toBeGreaterThan(0);
    expect(await number("resilient", "lost")).toBe(0);
  });

  test("Stall: native still believes that it is open, ours notices", async () => {
    await press("Stall");
    await comesTo("ResilientEventSource", back);
    await comesTo("EventSource", /^Believes that it is open\. No event for /);
    expect(await states()).toEqual(["Open, but silent", "Open"]);
    expect(await fact("resilient", "reason").textContent()).toMatch(/^nothing was received/);
  });

  test("Expire the token: native gives up, ours fetches another", async () => {
    await press("Expire the token");
    await comesTo("EventSource", /^Gave up for good/);
    await comesTo("ResilientEventSource", back);
    expect(await outcome("ResilientEventSource")).toContain("the server answered 401");
  });

  test("Cut every second: nothing is lost, and the news is calm", async () => {
    await page.evaluate(() => {
      const changes: string[] = ((globalThis as any).changes = []);
      const region = document.querySelector("#news")!;
      new MutationObserver(() => changes.push(region.textContent ?? "")).observe(region, {
        childList: true,
        characterData: true,
      });
    });
    await press("Cut every second");
    await comesTo("EventSource", back);
    await comesTo("ResilientEventSource", back);
    await expect.poll(news).toMatch(/^EventSource: back/);
    const changes = await page.evaluate(() => (globalThis as any).changes as string[]);
    expect(changes.length).toBeLessThanOrEqual(6);
  });

  test("Go offline: the demo's own host can be reached, so ours goes on; online brings it back", async () => {
    await press("Go offline");
    await expect.poll(() => timeline("waiting")).toBeGreaterThan(0);
    await comesTo("ResilientEventSource", back);
    await comesTo("EventSource", back);
  });

  test("Answer 204: both stay away; reconnect() resumes, native has forgotten its position", async () => {
    await press("Answer 204");
    await comesTo("EventSource", /^Stays away, as it was asked to, and does not say why\.$/);
    await comesTo(
      "ResilientEventSource",
      /^Stays away, as it was asked to: the server answered 204\.$/,
    );
    expect(await states()).toEqual(["Gave up", "Stopped"]);
    // A wanted end is not shown as a failure.
    expect(await looks("native")).toBe("var(--bad)");
    expect(await looks("resilient")).toBe("var(--soft)");
    expect(await page.locator("#role").textContent()).toBe("has no connection");
    expect(await news()).toMatch(/^For \d+ seconds the server answers 204/);
    await expect.poll(() => page.locator("#faults [data-lasts]").count()).toBe(0);
    await press("Reconnect now");
    await press("Start again");
    await comesTo("ResilientEventSource", back);
    await comesTo("EventSource", /^Back .* events lost\.$/);
  });

  test("one after the other: both are connected before the next, and each has its row", async () => {
    await press("Expire the token");
    await comesTo("EventSource", /^Gave up/);
    await comesTo("ResilientEventSource", back);
    await press("Stall");
    await expect.poll(() => page.locator("#results tbody tr").count()).toBe(2);
    await comesTo("ResilientEventSource", back);
    const rows = await page.locator("#results tbody tr").allInnerTexts();
    expect(rows[0]).toMatch(/^Stall\b/);
    expect(rows[1]).toMatch(/^Expire the token\b[^]*Gave up for good/);
  });

  test("Reconnect now replaces the connection, and loses nothing", async () => {
    await press("Reconnect now");
    const before = await number("resilient", "received");
    await expect.poll(() => number("resilient", "received")).toBeGreaterThan(before + 4);
    expect([await number("resilient", "lost"), await number("resilient", "repeated")]).toEqual([
      0, 0,
    ]);
  });

  test("says so if the demo's server is gone", async () => {
    await demo.server.close();
    await press("Stall");
    await expect.poll(news).toMatch(/^The demo’s own server does not answer/);
  });
});

describe("a second tab", () => {
  const role = (opened: Page): Promise<string | null> => opened.locator("#role").textContent();
  const connections = (opened: Page): Promise<string[]> =>
    opened.locator("[id^=connections-]").allTextContents();

  test("follows the first, shows how many connections there are, and takes over", async () => {
    await open();
    await expect.poll(() => role(page)).toBe("holds the connection");
    const [second] = await Promise.all([
      demo.context.waitForEvent("page"),
      page.getByRole("link", { name: "Open a second tab" }).click(),
    ]);
    await expect.poll(() => role(second)).toBe("follows: it has no connection of its own");
    await expect.poll(() => connections(second)).toEqual(["2", "1"]);
    const heard = await number("resilient", "received", second);

    await page.close();
    await expect.poll(() => role(second)).toBe("holds the connection");
    await expect.poll(() => number("resilient", "received", second)).toBeGreaterThan(heard + 4);
    await expect.poll(() => connections(second)).toEqual(["1", "1"]);
    expect([
      await number("resilient", "lost", second),
      await number("resilient", "repeated", second),
    ]).toEqual([0, 0]);
  });

  test("has a connection of its own if sharing is switched off", async () => {
    await open();
    const second = await demo.context.newPage();
    await second.goto(demo.server.address);
    await expect.poll(() => role(second)).toMatch(/^follows/);
    await second.getByRole("checkbox", { name: "Share one connection between tabs" }).uncheck();
    await expect.poll(() => role(second)).toBe("has a connection of its own");
    await expect.poll(() => connections(second)).toEqual(["2", "2"]);
    expect(await number("resilient", "lost", second)).toBe(0);
  });
});

describe("the storm", () => {
  const storm = async (client: string, name: string): Promise<string> =>
    (await page.locator(`[data-storm=${client}] .${name} dd`).textContent()) ?? "";
  const count = async (client: string, name: string): Promise<number> =>
    parseInt((await storm(client, name)).replace(",", ""));
  const told = (): Promise<string | null> => page.locator("#storm-news").textContent();

  test("shows a thousand clients that come back, by native's rule and by ours", async () => {
    await open();
    const calm = await drawn("#dots-resilient", "open");
    expect(calm).toBeGreaterThan(1000);
    // Watched by the page in each frame: a busy test could miss the four seconds.
    const allLost = page.waitForFunction(
      `document.querySelector("#storm-news").textContent ===
        "The server is down: 1,000 clients have lost it." &&
        (${countPixels.toString()})(["#dots-resilient", "open"]) === 0`,
      undefined,
      { timeout: PATIENCE },
    );
    await press("Start the storm");
    await allLost;
    await expect.poll(told).toMatch(/^The server is back and accepts 100 connections a second/);
    // Read in the frame in which ours are all back: native's go on meanwhile.
    const behind = await page.waitForFunction(
      () => {
        const shown = (client: string, name: string): string =>
          document.querySelector(`[data-storm=${client}] .${name} dd`)?.textContent ?? "";
        return (
          shown("resilient", "recovered").endsWith(" s") && parseInt(shown("native", "connected"))
        );
      },
      undefined,
      { timeout: PATIENCE },
    );
    expect(await behind.jsonValue()).toBeLessThan(1000);
    expect(await count("resilient", "connected")).toBe(1000);
    await expect.poll(() => drawn("#dots-resilient", "open")).toBe(calm);
    // How much higher its peak is depends on the machine: a slow one spreads the timers of both.
    expect(await count("native", "peak")).toBeGreaterThan(100);
    expect(await count("resilient", "peak")).toBeGreaterThan(0);
  });

  test("can be stopped and started again", async () => {
    await open();
    await press("Start the storm");
    await press("Stop the storm");
    await expect.poll(told).toBe("Stopped.");
    await press("Start it again");
    await page.getByRole("button", { name: "Stop the storm" }).waitFor();
    await expect.poll(told).toMatch(/^The server is (down|back)/);
  });

  test("answered by 503, native gives up for good, ours does not", async () => {
    await open();
    await page.getByRole("radio", { name: "answers 503" }).check();
    await press("Start the storm");
    await expect.poll(() => count("native", "closed")).toBeGreaterThan(500);
    await expect.poll(() => drawn("#dots-native", "closed")).toBeGreaterThan(0);
    await expect.poll(() => count("resilient", "connected")).toBeGreaterThan(500);
    expect(await count("resilient", "closed")).toBe(0);
    expect(await drawn("#dots-resilient", "closed")).toBe(0);
  });
});

describe("for every visitor", () => {
  const pages = [
    "",
    "answer.html",
    "module.html",
    "script-tag.html",
    "polyfill.html",
    "note.html",
    "note-script-tag.html",
  ];

  test.each(pages)("axe finds nothing in /%s, in light and in dark", async (path) => {
    await page.goto(demo.server.address + path);
    expect(await violations(page)).toEqual([]);
  });

  test("axe finds nothing after faults, in light and in dark, on a phone", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open();
    await press("Expire the token");
    await comesTo("EventSource", /^Gave up/);
    await comesTo("ResilientEventSource", back);
    await press("Cut every second");
    await expect.poll(() => page.locator("#faults [data-lasts]").count()).toBe(1);
    expect(await violations(page)).toEqual([]);
  });

  test("a strip on a phone shows both states while one scrolls", async () => {
    await page.setViewportSize({ width: 390, height: 740 });
    await open();
    const strip = page.locator(".strip");
    await page.locator("#code-title").scrollIntoViewIfNeeded();
    expect(await strip.boundingBox()).toMatchObject({ x: 0, width: 390 });
    const inView = async () => {
      const { y, height } = (await strip.boundingBox())!;
      return y > 0 && Math.round(y + height) <= 740;
    };
    expect(await inView()).toBe(true);
    expect(await strip.locator("b").allTextContents()).toEqual(await states());
    await page.locator("#faults").scrollIntoViewIfNeeded();
    expect(await inView()).toBe(true);
    await press("Expire the token");
    await expect.poll(() => strip.locator("b").first().textContent()).toBe("Gave up");
    await page.setViewportSize({ width: 1280, height: 740 });
    expect(await strip.isVisible()).toBe(false);
  });

  test("the storm fits one screen", async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await open();
    const card = (await page.locator("section[aria-labelledby=storm-title]").boundingBox())!;
    expect(card.height).toBeLessThanOrEqual(900);
  });

  test.each(pages)("/%s needs no scrolling sideways at 360 pixels", async (path) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(demo.server.address + path);
    await page.locator("button, li").first().waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  });

  test("everything can be reached and pressed with the keyboard alone", async () => {
    await open();
    const reached: string[] = [];
    for (let tabs = 0; tabs < 40; tabs++) {
      await page.keyboard.press("Tab");
      const name = await page.evaluate(() => {
        const focused = document.activeElement as HTMLInputElement | null;
        return focused === document.body
          ? ""
          : (focused?.labels?.[0] ?? focused)?.textContent?.trim();
      });
      if (name === "") break;
      reached.push(name ?? "");
    }
    const all = await page
      .locator("button:visible, a:visible, input[type=checkbox]")
      .evaluateAll((elements) =>
        elements.map(
          (each) => ((each as HTMLInputElement).labels?.[0] ?? each).textContent?.trim() ?? "",
        ),
      );
    expect(all.length).toBeGreaterThan(15);
    expect(all.filter((name) => !reached.includes(name))).toEqual([]);
    expect(reached).toContain("refuses");
    await page.getByRole("button", { name: "Expire the token" }).focus();
    await page.keyboard.press("Enter");
    await comesTo("ResilientEventSource", back);
  });

  test("draws less if the visitor prefers reduced motion", async () => {
    await page.addInitScript(() => {
      const { clearRect } = CanvasRenderingContext2D.prototype;
      (globalThis as any).drawings = 0;
      CanvasRenderingContext2D.prototype.clearRect = function (...rectangle) {
        (globalThis as any).drawings++;
        clearRect.apply(this, rectangle);
      };
    });
    /** How often something is drawn while eight events come. */
    const drawings = async (): Promise<number> => {
      const before = await number("resilient", "received");
      await page.evaluate(() => ((globalThis as any).drawings = 0));
      await expect.poll(() => number("resilient", "received")).toBeGreaterThanOrEqual(before + 8);
      return page.evaluate(() => (globalThis as any).drawings as number);
    };
    await open();
    const lively = await drawings();
    await page.emulateMedia({ reducedMotion: "reduce" });
    expect(await drawings()).toBeLessThan(lively / 2);
  });
});
