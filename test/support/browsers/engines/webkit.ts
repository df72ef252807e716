import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { browserPath } from "../browsers.ts";
import { freePort } from "../../server/free-port.ts";
import { PATIENCE } from "../../patience.ts";
import type { Engine, TabBrowser, TabDriven } from "./engine.ts";
import { goBack, opener } from "./page.ts";
import { WebDriverSession } from "./webdriver.ts";

/** WebKitGTK's MiniBrowser, by its WebDriver, on a virtual screen. */
export const webkit: Engine = {
  name: "webkit",
  lacks: {
    ownNetwork: "WebKit is driven over TCP, which ends at the border of a network namespace",
    promptTimers:
      "WebKit delays the timers of hidden pages by up to 20 s, so the moment after them is not hit",
    setFrozen: "WebKit tells no page that it is frozen",
    setOffline: "WebDriver has no command for the loss of the network",
    crash: "WebDriver has no command that ends the process of a page",
    longLines:
      "WebKit's EventSource looks through its buffer again with every chunk: 50 MB without a line end take minutes",
    openDialog: "WebDriver answers no command while a dialog is open",
    processPerTab: "only Chromium is known to let one tab hang without the others",
    stopAtBreakpoint: "WebDriver sets no breakpoints",
    measure: "WebDriver has no command for heap and listeners",
  },

  // Each page has a window, and no window manager hides one.
  launch,
  launchTabs: launch,
};

async function launch(): Promise<TabBrowser> {
  const children: ChildProcess[] = [];
  const endAll = async (): Promise<void> => {
    for (const child of children.reverse()) await end(child);
  };
  try {
    const display = await startScreen(children);
    const address = await startDriver(children, display);
    const session = await WebDriverSession.start(address, {
      browserName: "MiniBrowser",
      // "none": a page that opens a stream while it loads may load for ever.
      pageLoadStrategy: "none",
      // Commands do not wait. But a command to a page that is navigating gets no answer.
      timeouts: { script: 10_000 },
      "webkitgtk:browserOptions": { binary: browserPath("MiniBrowser"), args: ["--automation"] },
    });
    // Stays open: once the current window is closed, no other one can be opened.
    const first = (await session.command("GET", "/window")) as string;
    const windows = new Set<string>();
    return {
      open: opener(async () => {
        const { handle } = (await session.commandTo(first, "POST", "/window/new", {
          type: "window",
        })) as { handle: string };
        windows.add(handle);
        return {
          ...drive(session, handle),
          async bringToFront() {
            for (const window of windows)
              if (window !== handle) await session.commandTo(window, "POST", "/window/minimize");
            await session.commandTo(handle, "POST", "/window/rect", { width: 800, height: 600 });
          },
          async close() {
            windows.delete(handle);
            await session.commandTo(handle, "DELETE", "/window");
          },
        };
      }),
      async close() {
        try {
          await session.command("DELETE", "");
        } finally {
          await endAll();
        }
      },
    };
  } catch (error) {
    await endAll();
    throw error;
  }
}

/** How often the results of a page are fetched (ms). */
const POLLING = 5;

/** Where they are kept: under a name that is not enumerable in the page. */
const RESULTS = `globalThis[Symbol.for("results for the driver")]`;

function drive(
  session: WebDriverSession,
  handle: string,
): Pick<TabDriven, "goto" | "evaluate" | "goBack"> {
  const run = (script: string): Promise<unknown> =>
    session.commandTo(handle, "POST", "/execute/sync", { script, args: [] });
  const waiting = new Map<
    number,
    { page: number; resolve: (text: string) => void; reject: (error: Error) => void }
  >();
  let calls = 0;
  let polling: Promise<void> | undefined;

  /**
   * A command that waited for a promise would block all others, so promises settle in the page and
   * their results are fetched from there.
   */
  const poll = async (): Promise<void> => {
    try {
      while (waiting.size > 0) {
        const found = await run(
          `const results = ${RESULTS}; return results ? [results.page, results.splice(0)] : [-1, []]`,
        );
        const [current, settled] = found as [number, [number, string][]];
        for (const [call, text] of settled) {
          waiting.get(call)?.resolve(text);
          waiting.delete(call);
        }
        for (const [call, { page, reject }] of waiting) {
          if (page === current) continue;
          reject(new Error("the page was left"));
          waiting.delete(call);
        }
        if (settled.length === 0) await sleep(POLLING);
      }
    } catch (error) {
      for (const { reject } of waiting.values()) reject(error as Error);
      waiting.clear();
    } finally {
      polling = undefined;
    }
  };

  return {
    goBack: () => run(goBack),
    async goto(url) {
      await session.commandTo(handle, "POST", "/url", { url });
      const deadline = performance.now() + PATIENCE;
      // It shows no user and password.
      const shown = JSON.stringify(url.replace(/\/\/[^/]*@/, "//"));
      const isThere = `return location.href === ${shown} && document.readyState === "complete"`;
      while (!(await run(isThere).catch(() => false))) {
        if (performance.now() > deadline) throw new Error(`${url} did not load`);
        await sleep(POLLING);
      }
    },
    async evaluate(expression) {
      const call = calls++;
      const page = await run(`
        const results = (${RESULTS} ??= Object.assign([], { page: ${call} }));
        (${expression}).then((text) => results.push([${call}, text]));
        return results.page;`);
      return new Promise((resolve, reject) => {
        waiting.set(call, { page: page as number, resolve, reject });
        polling ??= poll();
      });
    },
  };
}

/** Starts a program that ends with this process at the latest. */
function start(
  children: ChildProcess[],
  ...[command, args, options]: Parameters<typeof spawn>
): ChildProcess {
  const child = spawn(command, args, options);
  children.push(child);
  process.once("exit", () => child.kill());
  return child;
}

/** Starts a screen in memory and returns its name. */
async function startScreen(children: ChildProcess[]): Promise<string> {
  const args = ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"];
  const child = start(children, browserPath("Xvfb"), args, {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const [number] = (await Promise.race([once(child.stdio[3]!, "data"), once(child, "exit")])) as [
    unknown,
  ];
  if (!(number instanceof Buffer)) throw new Error("Xvfb did not start");
  return `:${String(number).trim()}`;
}

/** Starts the WebDriver and returns its address. */
async function startDriver(children: ChildProcess[], display: string): Promise<string> {
  const port = await freePort();
  const child = start(
    children,
    browserPath("WebKitWebDriver"),
    [`--port=${port}`, "--host=127.0.0.1"],
    {
      // In a container, where tests run as root, the sandbox cannot be set up.
      env: {
        ...process.env,
        DISPLAY: display,
        GDK_BACKEND: "x11",
        WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
      },
      stdio: "ignore",
    },
  );
  const address = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + PATIENCE;
  while (!(await fetch(`${address}/status`).catch(() => undefined))) {
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error("WebKitWebDriver did not start");
    await sleep(50);
  }
  return address;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, "exit");
}
