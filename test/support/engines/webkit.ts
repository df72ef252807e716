import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { browserPath } from "../browsers.ts";
import { freePort } from "../demo-process.ts";
import type { Engine } from "./engine.ts";
import { Page, type Driven } from "./page.ts";
import { WebDriverSession } from "./webdriver.ts";

/** How long WebKit may take to start, or to load a page (ms). */
const PATIENCE = 30_000;

/** WebKitGTK's MiniBrowser, by its WebDriver, on a screen that is not there. */
export const webkit: Engine = {
  name: "webkit",

  async launch() {
    const children: ChildProcess[] = [];
    const endAll = async (): Promise<void> => {
      for (const child of children.reverse()) await end(child);
    };
    try {
      const display = await startScreen(children);
      const address = await startDriver(children, display);
      const session = await WebDriverSession.start(address, {
        browserName: "MiniBrowser",
        // "none": a page may load for ever, if it opens a stream on its way.
        pageLoadStrategy: "none",
        "webkitgtk:browserOptions": { binary: browserPath("MiniBrowser"), args: ["--automation"] },
      });
      // Stays open: where the current window is closed, no other one can be opened.
      const first = (await session.command("GET", "/window")) as string;
      return {
        async open(url) {
          const { handle } = (await session.commandTo(first, "POST", "/window/new", { type: "window" })) as { handle: string };
          const page = new Page(drive(session, handle));
          await page.goto(url);
          return page;
        },
        async close() {
          await session.command("DELETE", "");
          await endAll();
        },
      };
    } catch (error) {
      await endAll();
      throw error;
    }
  },
};

/** How often the results of a page are asked for (ms). */
const POLLING = 5;

/** Where they are: no name that a page can see. */
const RESULTS = `globalThis[Symbol.for("results for the driver")]`;

function drive(session: WebDriverSession, handle: string): Driven {
  const run = (script: string): Promise<unknown> => session.commandTo(handle, "POST", "/execute/sync", { script, args: [] });
  const waiting = new Map<number, { resolve: (text: string) => void; reject: (error: unknown) => void }>();
  let calls = 0;
  let polling: Promise<void> | undefined;

  /** A command that waited for a promise would block all others; so promises settle in the page, and what they gave is fetched from there. */
  const poll = async (): Promise<void> => {
    try {
      while (waiting.size > 0) {
        const settled = (await run(`return ${RESULTS}?.splice(0) ?? null`)) as [number, string][] | null;
        if (!settled) throw new Error("the page is gone");
        for (const [call, text] of settled) {
          waiting.get(call)?.resolve(text);
          waiting.delete(call);
        }
        if (settled.length === 0) await sleep(POLLING);
      }
    } catch (error) {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    } finally {
      polling = undefined;
    }
  };

  return {
    async goto(url) {
      await session.commandTo(handle, "POST", "/url", { url });
      const deadline = performance.now() + PATIENCE;
      const isThere = `return location.href === ${JSON.stringify(url)} && document.readyState === "complete"`;
      while (!(await run(isThere).catch(() => false))) {
        if (performance.now() > deadline) throw new Error(`${url} did not load`);
        await sleep(POLLING);
      }
    },
    async evaluate(expression) {
      const call = calls++;
      const result = new Promise<string>((resolve, reject) => waiting.set(call, { resolve, reject }));
      // If the command fails, too, nobody waits for this.
      result.catch(() => undefined);
      await run(`const results = (${RESULTS} ??= []); (${expression}).then((text) => results.push([${call}, text]))`);
      polling ??= poll();
      return result;
    },
    close: () => session.commandTo(handle, "DELETE", "/window"),
  };
}

/** Starts a program that ends with this process, if not before. */
function start(children: ChildProcess[], ...[command, args, options]: Parameters<typeof spawn>): ChildProcess {
  const child = spawn(command, args, options);
  children.push(child);
  process.once("exit", () => child.kill());
  return child;
}

/** Starts a screen in memory, and gives its name. */
async function startScreen(children: ChildProcess[]): Promise<string> {
  const args = ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"];
  const child = start(children, browserPath("Xvfb"), args, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const [number] = (await Promise.race([once(child.stdio[3]!, "data"), once(child, "exit")])) as [unknown];
  if (!(number instanceof Buffer)) throw new Error("Xvfb did not start");
  return `:${String(number).trim()}`;
}

/** Starts the WebDriver, and gives its address. */
async function startDriver(children: ChildProcess[], display: string): Promise<string> {
  const port = await freePort();
  const child = start(children, browserPath("WebKitWebDriver"), [`--port=${port}`, "--host=127.0.0.1"], {
    // In a container, where tests run as root, the sandbox cannot be set up.
    env: { ...process.env, DISPLAY: display, GDK_BACKEND: "x11", WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" },
    stdio: "ignore",
  });
  const address = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + PATIENCE;
  while (!(await fetch(`${address}/status`).catch(() => undefined))) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error("WebKitWebDriver did not start");
    await sleep(50);
  }
  return address;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, "exit");
}
