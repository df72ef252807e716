import type { Transport, TransportAbilities } from "../../src/transport/transport.ts";
import { PATIENCE } from "../support/patience.ts";
import type { FaultServer } from "../support/server/fault-server.ts";
import { record, type ConnectOptions, type Entry, type Recording } from "./recorder.ts";

/** Where transports run. Each connection gets a transport of its own. */
export interface Harness {
  /** Whether there is an origin that requests can cross, and a cookie jar: a page has both, Node neither. */
  readonly isPage: boolean;
  /** Called once before the first connection. A page is served by `home`, so that is its origin. */
  start(home: FaultServer): Promise<void>;
  stop(): Promise<void>;
  abilities(): Promise<TransportAbilities | undefined>;
  connect(options: ConnectOptions): Promise<RemoteRecording>;
}

/** A recording that may be in another process. */
export type RemoteRecording = {
  [Name in keyof Recording]: (
    ...parameters: Parameters<Recording[Name]>
  ) => Promise<Awaited<ReturnType<Recording[Name]>>>;
};

/** Runs a transport right here. */
export function inNode(create: () => Transport): Harness {
  return {
    isPage: false,
    start: async () => undefined,
    stop: async () => undefined,
    abilities: async () => create().abilities,
    async connect(options) {
      const { since, abort, hear } = record(create(), options);
      return { since, abort: async () => abort(), hear: async (name, heard) => hear(name, heard) };
    },
  };
}

/** What a test sees of one connection. */
export class Connection {
  readonly entries: Entry[] = [];

  constructor(
    /** What this transport can do for a request like this. */
    readonly abilities: TransportAbilities,
    private readonly recording: RemoteRecording,
  ) {}

  /** Waits until the recording fulfils a condition, and fails as soon as it cannot any more. */
  async until(condition: (entries: readonly Entry[]) => unknown): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (!condition(this.entries)) {
      if (this.settled || performance.now() > deadline) {
        throw new Error(
          `waited in vain for ${condition.toString()}\nlast entries: ${JSON.stringify(this.entries.slice(-20))}`,
        );
      }
      await this.update();
    }
  }

  /** Takes over what was recorded since; waits up to `patience` (ms) if nothing was. */
  async update(patience = 1000): Promise<void> {
    this.entries.push(...(await this.recording.since(this.entries.length, patience)));
  }

  abort(): Promise<void> {
    return this.recording.abort();
  }

  hear(name: string, heard: boolean): Promise<void> {
    return this.recording.hear(name, heard);
  }

  /** How the promise settled; waits for it. */
  async end(): Promise<Settlement> {
    await this.until((entries) => entries.some(isSettlement));
    return this.settled!;
  }

  get settled(): Settlement | undefined {
    return this.entries.find(isSettlement);
  }

  get events() {
    return this.entries.filter((entry) => entry.call === "event");
  }

  /** The data of all events. */
  get data(): string[] {
    return this.events.map(({ data }) => data);
  }

  /** Where a reconnect would resume; undefined: nothing has moved it. */
  get resumePoint(): string | undefined {
    return this.entries
      .filter((entry) => entry.call === "event" || entry.call === "lastEventId")
      .at(-1)?.lastEventId;
  }

  /** Waits for an event with this data. */
  heard(data: string): Promise<void> {
    return this.until((entries) =>
      entries.some((entry) => entry.call === "event" && entry.data === data),
    );
  }

  /** Waits for `open`. */
  opened(): Promise<void> {
    return this.until((entries) => entries.some(({ call }) => call === "open"));
  }
}

export type Settlement = Extract<Entry, { call: "resolved" | "rejected" }>;

export function isSettlement(entry: Entry): entry is Settlement {
  return entry.call === "resolved" || entry.call === "rejected";
}
