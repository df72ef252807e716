import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { dist } from "../../support/package/dist.ts";
import { PATIENCE } from "../../support/patience.ts";
import { installModel } from "./model.ts";
import { installWitness, type News, type SourceSpec } from "./witness.ts";

/** A place for sources. */
export interface Host {
  readonly name: string;
  make(spec: SourceSpec): Promise<void>;
  call(id: string, what: "reconnect" | "close"): Promise<void>;
  take(): Promise<News>;
  close(): Promise<void>;
}

export class NodeHost implements Host {
  readonly name = "Node";
  private readonly answers = new Map<number, (result: unknown) => void>();
  private number = 0;

  private constructor(private readonly child: ChildProcess) {
    child.on("message", ({ number, result }: { number: number; result: unknown }) => {
      this.answers.get(number)?.(result);
      this.answers.delete(number);
    });
  }

  static async start(): Promise<NodeHost> {
    const child = fork(
      fileURLToPath(new URL("node-client.mjs", import.meta.url)),
      [dist("index.js")],
      { execArgv: [] },
    );
    const host = new NodeHost(child);
    const ready = new Promise((resolve, reject) => {
      host.answers.set(0, resolve);
      child.once("exit", (code) => reject(new Error(`the Node client ended with ${code}`)));
    });
    child.send([installModel, installWitness].map(String));
    await ready;
    return host;
  }

  async make(spec: SourceSpec): Promise<void> {
    await this.ask("make", spec);
  }

  async call(id: string, what: "reconnect" | "close"): Promise<void> {
    await this.ask("call", id, what);
  }

  async take(): Promise<News> {
    return (await this.ask("take")) as News;
  }

  async close(): Promise<void> {
    this.child.disconnect();
  }

  private ask(call: string, ...parameters: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (!this.child.connected) reject(new Error("the Node client is gone"));
      this.answers.set(++this.number, resolve);
      this.child.send({ number: this.number, call, parameters });
    });
  }
}

/** A tab of a Chromium. */
export class PageHost implements Host {
  private constructor(
    readonly name: string,
    private readonly page: Page,
    private readonly cdp: CDPSession,
  ) {}

  static async open(context: BrowserContext, name: string, url: string): Promise<PageHost> {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.addInitScript(installModel);
    await page.addInitScript(installWitness);
    const host = new PageHost(name, page, await context.newCDPSession(page));
    await page.goto(url);
    await page.waitForFunction(() => "library" in globalThis);
    return host;
  }

  make(spec: SourceSpec): Promise<void> {
    return this.page.evaluate((spec) => witness.make(spec), spec);
  }

  call(id: string, what: "reconnect" | "close"): Promise<void> {
    return this.page.evaluate(([id, what]) => witness.call(id, what), [id, what] as const);
  }

  take(): Promise<News> {
    return this.page.evaluate(() => witness.take());
  }

  async setOffline(offline: boolean): Promise<void> {
    await this.cdp.send("Network.enable");
    await this.cdp.send("Network.emulateNetworkConditions", {
      offline,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
  }

  async setFrozen(frozen: boolean): Promise<void> {
    await this.cdp.send("Page.setWebLifecycleState", { state: frozen ? "frozen" : "active" });
  }

  /** Shows it and hides the tab that was visible. */
  show(): Promise<void> {
    return this.page.bringToFront();
  }

  /** Closes it, as a user does. */
  close(): Promise<void> {
    return this.page.close();
  }
}
