import { afterEach, beforeEach, expect, vi } from "vitest";
import { sharedTransport, type ResilientEventSourceOptions } from "../../../src/index.ts";
import { FakeServer, ORIGIN, type Connection } from "./server.ts";
import { connect, tick, type Client } from "./world.ts";

/** A job of the browser: to deliver a message to a channel, or to grant a lock. */
interface Job {
  readonly channel: FakeChannel | undefined;
  run(): void;
}

/**
 * BroadcastChannel in one process. It delivers structured clones, in order, never to the sender,
 * and only when `Tabs.settle` says so.
 */
class FakeChannel {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  /** While it is true its messages wait: a slow tab. */
  isSlow = false;
  /** While it is true it gets no messages, as at a breakpoint in Chromium. */
  isDeaf = false;

  constructor(
    private readonly tabs: Tabs,
    readonly name: string,
  ) {
    tabs.channels.push(this);
  }

  postMessage(message: unknown): void {
    if (!this.tabs.channels.includes(this))
      throw new DOMException("the channel is closed", "InvalidStateError");
    for (const channel of this.tabs.channels) {
      if (channel === this || channel.name !== this.name || channel.isDeaf) continue;
      const data = structuredClone(message);
      this.tabs.jobs.push({
        channel,
        run: () => {
          if (this.tabs.channels.includes(channel)) channel.onmessage?.({ data });
        },
      });
    }
  }

  close(): void {
    this.tabs.channels = this.tabs.channels.filter((channel) => channel !== this);
  }
}

interface LockRequest {
  readonly name: string;
  readonly callback: (lock: object | null) => Promise<unknown> | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Exclusive Web Locks: first come, first served. A request that still waits can be aborted. */
class FakeLocks {
  readonly held = new Map<string, LockRequest>();
  waiting: LockRequest[] = [];
  /** Former holders that do not know yet that their lock was stolen, since their pages hang. */
  readonly stolen: LockRequest[] = [];
  /** How often a lock was stolen. */
  thefts = 0;

  constructor(private readonly tabs: Tabs) {}

  request(
    name: string,
    { signal, steal, ifAvailable }: LockOptions,
    callback: LockRequest["callback"],
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const request = { name, callback, resolve, reject };
      if (steal) this.later(() => this.steal(request));
      else if (ifAvailable)
        this.later(() => {
          if (this.held.has(name)) resolve(callback(null));
          else this.hold(request);
        });
      else {
        this.waiting.push(request);
        signal?.addEventListener("abort", () => {
          if (!this.waiting.includes(request)) return;
          this.waiting = this.waiting.filter((other) => other !== request);
          reject(signal.reason as Error);
        });
        this.grant(name);
      }
    });
  }

  /** Tells former holders that their lock was stolen, as soon as their pages run again. */
  tellStolen(): void {
    for (const { reject } of this.stolen.splice(0))
      this.later(() => reject(new DOMException("stolen", "AbortError")));
  }

  private later(run: () => void): void {
    this.tabs.jobs.push({ channel: undefined, run });
  }

  private grant(name: string): void {
    this.later(() => {
      const request = this.waiting.find((other) => other.name === name);
      if (!request || this.held.has(name)) return;
      this.waiting = this.waiting.filter((other) => other !== request);
      this.hold(request);
    });
  }

  private steal(request: LockRequest): void {
    const former = this.held.get(request.name);
    if (former) {
      this.thefts++;
      this.stolen.push(former);
      if (!this.tabs.isLeaderHung) this.tellStolen();
    }
    this.hold(request);
  }

  private hold(request: LockRequest): void {
    const { name, callback, resolve, reject } = request;
    this.held.set(name, request);
    void Promise.resolve(callback({ name })).then((value) => {
      if (this.held.get(name) === request) {
        this.held.delete(name);
        this.grant(name);
      }
      resolve(value);
    }, reject);
  }
}

/** The data of the events `from` to `to`. */
export const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

/** One source in a tab. */
export interface Tab extends Client {
  /** The data of each `message` event. */
  readonly got: string[];
  readonly role: string | undefined;
  /** Its newest channel. */
  readonly channel: FakeChannel;
}

/**
 * Tabs of one origin, the browser between them, and a server with a log: event number 7 has the id
 * and the data "7".
 */
export class Tabs {
  channels: FakeChannel[] = [];
  jobs: Job[] = [];
  readonly locks = new FakeLocks(this);
  readonly server = new FakeServer();
  /** True if the page of the leader hangs, so that it does not notice if its lock is stolen. */
  isLeaderHung = false;
  /** The number of the latest event. */
  last = 0;
  /** The server has forgotten the events before this one. */
  first = 1;

  constructor() {
    this.server.behaviour = (connection) => this.serve(connection);
  }

  /** Answers a connection as a server with a log does. */
  serve(connection: Connection): void {
    connection.open({ status: 200 });
    const { lastEventId } = connection.request;
    if (!lastEventId) return;
    for (let number = Math.max(Number(lastEventId) + 1, this.first); number <= this.last; number++)
      this.send(connection, number);
  }

  publish(count = 1): void {
    while (count--) {
      this.last++;
      for (const connection of this.server.live) this.send(connection, this.last);
    }
  }

  private send(connection: Connection, number: number): void {
    connection.send(String(number), { id: String(number) });
  }

  /** Opens a tab and waits until it is connected. */
  async open(options: ResilientEventSourceOptions = {}): Promise<Tab> {
    const tab = this.add(options);
    await this.settle();
    return tab;
  }

  /** Opens a tab. */
  add(options: ResilientEventSourceOptions = {}): Tab {
    const known = new Set(this.channels);
    let channel: FakeChannel | undefined;
    const client = connect(
      { transport: sharedTransport(this.server.transport, { key: "stream" }), ...options },
      `${ORIGIN}/stream`,
    );
    const got: string[] = [];
    client.source.on("message", (data) => got.push(data));
    // It connects after the current task's code, and opens the next new channel.
    queueMicrotask(() =>
      queueMicrotask(() =>
        queueMicrotask(() => (channel = this.channels.find((other) => !known.has(other)))),
      ),
    );
    return {
      ...client,
      got,
      get role() {
        return client.source.state.status === "open" ? client.source.state.role : undefined;
      },
      get channel() {
        return channel!;
      },
    };
  }

  /** Lets the leader's page hang: in a dialog, say. */
  hang({ channel }: Tab): void {
    this.isLeaderHung = channel.isSlow = true;
  }

  /** Lets it run again. */
  wake({ channel }: Tab): void {
    this.isLeaderHung = channel.isSlow = false;
    this.locks.tellStolen();
  }

  /** Lets some seconds pass in which the browser runs its jobs. */
  async pass(seconds: number): Promise<void> {
    while (seconds--) {
      await this.settle();
      await tick(1000);
    }
    await this.settle();
  }

  /** Runs all jobs of the browser, except for slow tabs. */
  async settle(): Promise<void> {
    do await tick();
    while (this.step());
  }

  /**
   * Runs one job of the browser: the `pick`-th of those that may be next. The messages of a channel
   * keep their order.
   */
  step(pick = 0): boolean {
    const possible = this.jobs.filter(
      ({ channel }, index) =>
        !channel ||
        (!channel.isSlow && this.jobs.findIndex((other) => other.channel === channel) === index),
    );
    const job = possible[pick % possible.length];
    if (!job) return false;
    this.jobs.splice(this.jobs.indexOf(job), 1);
    job.run();
    return true;
  }

  /** The browser's resources that the tabs hold. */
  get leftovers(): object {
    return {
      channels: this.channels.length,
      held: this.locks.held.size,
      waiting: this.locks.waiting.length,
    };
  }
}

/**
 * Gives each test of a file tabs. Call it before `useWorld`: it checks that the sources have
 * released everything after `useWorld` has closed them.
 */
export function useTabs(): { readonly current: Tabs } {
  let tabs: Tabs;
  beforeEach(() => {
    tabs = new Tabs();
    vi.stubGlobal("navigator", { locks: tabs.locks });
    vi.stubGlobal("BroadcastChannel", FakeChannel.bind(null, tabs));
  });
  afterEach(() => {
    expect(tabs.leftovers).toEqual({ channels: 0, held: 0, waiting: 0 });
  });
  return {
    get current() {
      return tabs;
    },
  };
}
