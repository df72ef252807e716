import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { dist } from "../../support/package/dist.ts";
import { serveScripts } from "../../support/pages/page-open.ts";
import { launchChromiumTabs, type ChromiumTabs } from "../../support/browsers/engines/chromium.ts";
import { Book, GRACE } from "./book.ts";
import { NodeHost, PageHost, type Host } from "./hosts.ts";
import { Proxy, type Mischief, type ProxyHost } from "./proxy.ts";
import { Random } from "../../support/random.ts";
import { emptyCounts } from "./report.ts";
import { ChaosServer } from "./server.ts";
import { Subject } from "./subjects.ts";
import type { Leftovers, TransportName } from "./witness.ts";
import { PATIENCE } from "../../support/patience.ts";

export interface ChaosOptions {
  seed: number;
  /** How long faults last, in milliseconds, without the setup and the calm between two storms. */
  duration: number;
}

/** The record of a run. */
export interface ChaosReport {
  seed: number;
  seconds: number;
  sources: number;
  events: number;
  requests: number;
  checks: number;
  faults: Map<string, number>;
  /** How many states were entered, by transport. */
  states: Map<string, number>;
}

/** A violation, and what happened before it. */
export class Violation extends Error {
  constructor(
    readonly seed: number,
    readonly violations: readonly string[],
    readonly log: readonly string[],
  ) {
    super(`seed ${seed}: ${violations.slice(0, 5).join("\n")}`);
  }
}

const page = `<!doctype html><title>chaos</title><script type="module">import * as library from "/dist/index.js"; globalThis.library = library;</script>`;

/** The proxy's faults for a connection, by weight. */
const mischiefs: Record<Mischief["kind"], number> = {
  none: 50,
  "cut by FIN": 12,
  "cut by RST": 12,
  stall: 4,
  trickle: 5,
  late: 4,
  "swallow the request": 2,
  "corrupt the status line": 3,
  "corrupt the content type's name": 3,
  "corrupt the chunk framing": 10,
};

/** Events for a source, its page or the network, by weight. */
const actions = {
  reconnect: 12,
  replace: 6,
  offline: 3,
  freeze: 3,
  show: 4,
  outage: 2,
  "close a tab": 1,
};
type Action = keyof typeof actions;

/** How long faults last before a calm, in which all sources have to catch up (ms). */
const STORM = 15_000;
const LOOK_EVERY = 150;
/** How long the members of a shared stream may take (ms) to hear of a `reconnect()`. */
const NEWS_AGE = 20_000;
/** The longest delay of an answer (ms). */
const LATEST = 2500;

/**
 * A host name that is not a loopback host's, as far as the library can see, so that it minds
 * whether the page is offline. Web Locks need a loopback host (or HTTPS).
 */
const ELSEWHERE = "chaos.test";
const isElsewhere = (origin: string): boolean => ["alone", "across"].includes(origin);

/**
 * The sources of each tab. The sources of a tab have an origin of their own, since a browser makes
 * six connections to each.
 */
const tabs: Record<string, { origin: "alone" | "across" | "shared"; transports: TransportName[] }> =
  {
    alone: { origin: "alone", transports: ["fetch", "auto", "eventSource", "polyfill"] },
    across: { origin: "across", transports: ["fetch", "auto", "eventSource"] },
    "shared 1": { origin: "shared", transports: ["shared fetch", "shared auto"] },
    "shared 2": { origin: "shared", transports: ["shared fetch", "shared auto"] },
    "shared 3": { origin: "shared", transports: ["shared fetch", "shared auto"] },
  };
const inNode: TransportName[] = ["fetch", "fetch", "auto"];

/** Runs a storm of faults over sources of every transport, and throws the first violation. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const chaos = new Chaos(options);
  try {
    return await chaos.run();
  } finally {
    await chaos.stop();
  }
}

class Chaos {
  private readonly random: Random;
  private readonly book = new Book();
  private readonly log: string[] = [];
  private readonly report: ChaosReport;
  private readonly began = performance.now();
  private server!: ChaosServer;
  private browser: ChromiumTabs | undefined;
  private readonly proxies = new Map<string, Proxy>();
  private readonly hosts = new Map<string, Host>();
  private subjects: Subject[] = [];
  private readonly streams = new Map<string, Subject["log"]>();
  private readonly requests = new Map<string, number>();
  /** When somebody last called `reconnect()`, by stream. */
  private readonly reconnected = new Map<string, number>();
  private revived: { who: string; stream: string; at: number }[] = [];
  private made = 0;
  private calm = false;
  /** Undoes the faults that last: the network returns, a page is unfrozen. */
  private readonly lasting = new Map<string, () => Promise<void>>();
  private readonly violations: string[] = [];
  private readonly timers: ReturnType<typeof setTimeout>[] = [];
  private publisher: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly options: ChaosOptions) {
    this.random = new Random(options.seed);
    this.report = { seed: options.seed, ...emptyCounts() };
  }

  async run(): Promise<ChaosReport> {
    await this.start();
    for (let stormed = 0; stormed < this.options.duration; stormed += STORM) {
      await this.storm(Math.min(STORM, this.options.duration - stormed));
      await this.makeUp();
    }
    await this.end();
    this.report.seconds = Math.round((performance.now() - this.began) / 1000);
    this.report.requests = this.book.requests;
    return this.report;
  }

  async stop(): Promise<void> {
    clearInterval(this.publisher);
    this.book.stalls.stop();
    for (const timer of this.timers) clearTimeout(timer);
    await this.hosts.get("Node")?.close();
    await this.browser?.close();
    for (const proxy of this.proxies.values()) proxy.die();
    this.server?.close();
  }

  private async start(): Promise<void> {
    this.server = await ChaosServer.start(this.random.fork("server"), (stream, fault) =>
      this.note(stream, fault),
    );
    serveScripts(this.server.faults, "/dist/", dirname(dist("index.js")));
    this.server.faults.servePage("/page", page);
    for (const name of ["alone", "across", "shared", "node"]) {
      const proxy = await Proxy.start(
        Number(new URL(this.server.faults.origin).port),
        { request: (query) => this.decide(query) },
        ...(isElsewhere(name) ? [ELSEWHERE] : []),
      );
      this.proxies.set(name, proxy);
    }
    this.browser = await launchChromiumTabs(`--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`);
    this.hosts.set("Node", await NodeHost.start());
    for (const name of Object.keys(tabs)) await this.openTab(name);
    for (const transport of inNode) await this.add(this.hosts.get("Node")!, "node", transport);
    const random = this.random.fork("publisher");
    this.publisher = setInterval(
      () => this.server.publish(() => Math.max(0, random.int(-3, 3))),
      60,
    );
  }

  private async openTab(name: string): Promise<void> {
    const { origin, transports } = tabs[name]!;
    // "across": the sources connect to another origin than their own.
    const home = this.proxies.get(origin === "across" ? "shared" : origin)!.origin;
    const host = await PageHost.open(this.browser!.context, name, `${home}/page`);
    this.hosts.set(name, host);
    for (const transport of transports) await this.add(host, origin, transport);
  }

  private async add(host: Host, origin: string, transport: TransportName): Promise<void> {
    const number = ++this.made;
    const id = `${transport} ${number}`;
    const stream = transport.startsWith("shared") ? transport : id;
    const random = this.random.fork(`source ${number}`);
    // The members of a shared stream need the same options.
    const repeats = (stream === id ? random : this.random.fork(stream)).chance(0.5);
    let log = this.streams.get(stream);
    if (!log) this.streams.set(stream, (log = this.server.addStream(stream, repeats)));
    const subject = new Subject(
      host,
      stream,
      log,
      id,
      this.proxies.get(origin)!.origin,
      transport,
      random,
      repeats,
      this.server.retriesOf(stream),
    );
    this.subjects.push(subject);
    this.report.sources++;
    this.note(id, `made in ${host.name}`, false);
    await host.make(subject.spec);
  }

  private note(who: string, what: string, isFault = true): void {
    this.log.push(
      `${((performance.now() - this.began) / 1000).toFixed(2).padStart(7)} s  ${who}: ${what}`,
    );
    if (isFault) this.report.faults.set(what, (this.report.faults.get(what) ?? 0) + 1);
  }

  private decide(query: URLSearchParams): ReturnType<ProxyHost["request"]> {
    const stream = query.get("source");
    if (stream === null) return undefined;
    const trip = this.book.open(query);
    const number = (this.requests.get(stream) ?? 0) + 1;
    this.requests.set(stream, number);
    const mischief: Mischief = this.calm
      ? { kind: "none" }
      : this.mischief(this.random.fork(`mischief ${number} of ${stream}`));
    if (mischief.kind !== "none") this.note(stream, `proxy: ${mischief.kind}`);
    return { mischief, closed: () => (trip.ended = performance.now()) };
  }

  private mischief(random: Random): Mischief {
    const kind = random.weighted(mischiefs);
    return { kind, at: random.magnitude(20_000) + 1, ms: random.int(50, LATEST) };
  }

  private async storm(duration: number): Promise<void> {
    this.calm = this.server.calm = false;
    const end = performance.now() + duration;
    let nextLook = 0;
    while (performance.now() < end) {
      const action = this.random.weighted(actions);
      const target = this.random.int(0, 1_000_000);
      const lasts = this.random.int(100, 1500);
      await this.act(action, target, lasts);
      await sleep(this.random.int(10, 300));
      if (performance.now() < nextLook) continue;
      await this.look();
      nextLook = performance.now() + LOOK_EVERY;
    }
  }

  private get pages(): PageHost[] {
    return [...this.hosts.values()].filter((host) => host instanceof PageHost);
  }

  private async act(action: Action, target: number, lasts: number): Promise<void> {
    const subject = this.subjects[target % this.subjects.length]!;
    const tab = this.pages[target % this.pages.length]!;
    switch (action) {
      case "reconnect":
        // The scripts of a frozen page do not run, so it can neither reconnect nor make a source.
        if (this.lasting.has(`${subject.host.name}: frozen`)) break;
        this.note(subject.spec.id, "reconnect()");
        await subject.host.call(subject.spec.id, "reconnect");
        break;
      case "replace":
        if (subject.isReplaced || this.lasting.has(`${subject.host.name}: frozen`)) break;
        this.note(subject.spec.id, "close(), and another one");
        await subject.host.call(subject.spec.id, "close");
        subject.closedAt ??= performance.now();
        await this.replace(subject);
        break;
      case "offline":
        await this.last(
          `${tab.name}: offline`,
          lasts,
          () => tab.setOffline(true),
          () => tab.setOffline(false),
        );
        break;
      case "freeze":
        await this.last(
          `${tab.name}: frozen`,
          lasts,
          () => tab.setFrozen(true),
          () => tab.setFrozen(false),
        );
        break;
      case "show":
        this.note(tab.name, "shown, the others are hidden");
        await tab.show();
        break;
      case "outage": {
        const [name, proxy] = [...this.proxies][target % this.proxies.size]!;
        await this.last(
          `${name}: outage`,
          lasts,
          async () => proxy.die(),
          () => proxy.listen(),
        );
        break;
      }
      case "close a tab": {
        const name = `shared ${1 + (target % 3)}`;
        if (this.lasting.size) break;
        this.note(name, "closed, and another one opened");
        const host = this.hosts.get(name)!;
        await this.look();
        await host.close();
        this.subjects = this.subjects.filter((other) => other.host !== host);
        await this.openTab(name);
      }
    }
  }

  /** Replaces a closed source by another one. */
  private async replace(subject: Subject): Promise<void> {
    const { host, stream, spec } = subject;
    subject.isReplaced = true;
    const origin = [...this.proxies].find(([, proxy]) =>
      spec.url.startsWith(`${proxy.origin}/`),
    )![0];
    this.note(stream, "replaced", false);
    await this.add(host, origin, spec.transport);
  }

  /** A fault that lasts. It does not begin again before it has ended. */
  private async last(
    name: string,
    duration: number,
    begin: () => Promise<void>,
    undo: () => Promise<void>,
  ): Promise<void> {
    if (this.lasting.has(name)) return;
    this.note(...(name.split(": ") as [string, string]));
    let isOver: Promise<void> | undefined;
    const over = (): Promise<void> =>
      (isOver ??= undo().then(() => {
        this.note(name, "over", false);
        this.lasting.delete(name);
      }));
    this.lasting.set(name, over);
    await begin();
    this.timers.push(
      setTimeout(
        () => void over().catch((error: unknown) => this.violations.push(String(error))),
        duration,
      ),
    );
  }

  /** Gets the news of every source and checks them. */
  private async look(): Promise<Leftovers[]> {
    const wrong = this.violations;
    const left: Leftovers[] = [];
    const revived = this.revived.splice(0);
    for (const host of new Set(this.hosts.values())) {
      const askedAt = performance.now();
      const news = await host.take();
      left.push(news.left);
      wrong.push(...news.violations.map((violation) => `${host.name}: ${violation}`));
      for (const subject of this.subjects.filter((subject) => subject.host === host)) {
        const own = news.sources[subject.spec.id];
        if (!own) continue;
        wrong.push(...subject.check(own, this.book, askedAt));
        this.report.events += own.events.length;
        const { spec, stream } = subject;
        if (own.reconnects) this.reconnected.set(stream, askedAt);
        if (own.isRevived) this.revived.push({ who: spec.id, stream, at: askedAt });
        for (const state of own.states) {
          const key = `${subject.spec.transport}: ${state}`;
          this.report.states.set(key, (this.report.states.get(key) ?? 0) + 1);
        }
      }
    }
    // Seen a look ago: by now every host has told of its calls before that.
    for (const { who, stream, at } of revived)
      if (!((this.reconnected.get(stream) ?? -Infinity) > at - NEWS_AGE))
        wrong.push(`${who}: it came back after giving up, and nobody had asked for it`);
    const now = performance.now();
    wrong.push(...this.book.overlaps(now));
    this.book.tidy(now);
    this.report.checks++;
    // Closed long ago, and silent since: there is nothing left to check.
    const isDone = ({ closedAt, isReplaced }: Subject): boolean =>
      isReplaced && closedAt !== undefined && this.book.isOver(closedAt + GRACE, now);
    const done = this.subjects.filter(isDone);
    this.subjects = this.subjects.filter((subject) => !isDone(subject));
    for (const subject of done) if (!subject.isShared) this.server.removeStream(subject.stream);
    this.throwViolations();
    return left;
  }

  private throwViolations(): void {
    if (this.violations.length) throw new Violation(this.options.seed, this.violations, this.log);
  }

  /** Waits until every source has every event, with one connection each. */
  private async makeUp(): Promise<void> {
    this.calm = this.server.calm = true;
    this.note("calm", "", false);
    for (const over of [...this.lasting.values()]) await over();
    // A final answer from before the calm may still arrive. Its source closes, and has to connect
    // again below.
    await sleep(LATEST + LOOK_EVERY);
    await this.look();
    // Sources that closed themselves have been replaced.
    for (const subject of [...this.subjects]) {
      if (subject.news?.closed && !subject.isReplaced) await this.replace(subject);
    }
    for (const host of this.hosts.values()) {
      const own = this.subjects.filter((subject) => subject.host === host);
      if (host instanceof PageHost) {
        // A thawed page stays hidden, even in front, since CDP's "frozen" has hidden it. Another
        // page has to be shown in between.
        await this.pages.find((other) => other !== host)!.show();
        await host.show();
      }
      const goals = new Map(own.map((subject) => [subject, subject.log.published + 3]));
      const isBehind = (subject: Subject): boolean =>
        subject.closedAt === undefined &&
        !(subject.news?.status === "open" && (subject.last ?? 0) >= goals.get(subject)!);
      await this.eventually(async () => {
        // It gave up, or the server has named a reconnection time of days.
        for (const { spec, news, closedAt } of own)
          if (closedAt === undefined && news && (news.status === "closed" || news.dueIn > PATIENCE))
            await host.call(spec.id, "reconnect");
        return own
          .filter(isBehind)
          .map(
            ({ spec, news, last, log }) =>
              `${spec.id}: ${news?.status}, event ${last} of ${log.published}`,
          );
      }, "not caught up");
      await this.eventually(
        () =>
          own
            .filter(
              ({ closedAt, news, stream }) =>
                closedAt === undefined &&
                news?.status === "open" &&
                this.book.live(stream).length !== 1,
            )
            .map(
              ({ spec, stream }) =>
                `${spec.id}: ${this.book.live(stream).length} live connections (${this.book
                  .live(stream)
                  .map(({ member, role, began }) => `${member} ${role} at ${began - this.began}`)
                  .join()})`,
            ),
        "not one connection each",
      );
    }
  }

  /** Closes everything; nothing may be left. */
  private async end(): Promise<void> {
    for (const { host, spec } of this.subjects) await host.call(spec.id, "close");
    for (const subject of this.subjects) subject.closedAt = performance.now();
    await this.eventually(
      () => this.book.live().map(({ member }) => `a live connection of ${member}`),
      "not closed",
    );
    let left: Leftovers[] = [];
    await this.eventually(async () => {
      left = await this.look();
      return left
        .filter(({ timers, listeners, channels }) => timers || listeners.length || channels)
        .map((left) => JSON.stringify(left));
    }, "left behind");
    const { requests } = this.book;
    await sleep(1500);
    await this.look();
    if (this.book.requests !== requests)
      this.violations.push(`${this.book.requests - requests} requests after everything was closed`);
    this.throwViolations();
  }

  private async eventually(check: () => string[] | Promise<string[]>, what: string): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      await this.look();
      const wrong = await check();
      if (!wrong.length) return;
      if (performance.now() > deadline) {
        this.violations.push(...wrong.map((each) => `${what}: ${each}`));
        this.throwViolations();
      }
      await sleep(100);
    }
  }
}
