import type { Transport, TransportAbilities } from "../../src/transport/transport.ts";
import { PATIENCE } from "../support/patience.ts";
import type { FaultServer } from "../support/server/fault-server.ts";
import { record, type ConnectOptions, type Entry, type Recording } from "./recorder.ts";

/** A place to run transports in. Each connection gets a transport of its own. */
export interface Harness {
  /** True in a page, which has an origin and a cookie jar; Node has neither. */
  readonly isPage: boolean;
  /** Called once before the first connection. `home` serves the page, so that is its origin. */
  start(home: FaultServer): Promise<void>;
  stop(): Promise<void>;
  abilities(): Promise<TransportAbilities | undefined>;
  connect(options: ConnectOptions): Promise<RemoteRecording>;
}

/** A recording, perhaps in another process. */
export type RemoteRecording = {
  [Name in keyof Recording]: (
    ...parameters: Parameters<Recording[Name]>
  ) => Promise<Awaited<ReturnType<Recording[Name]>>>;
};

/** Runs a transport in this process. */
export function inNode(create: () => Transport): Harness {
  return {
    isPage: false,
    start: async () => undefined,
    stop: async () => undefined,
    abilities: async () => create().abilities,
    async connect(options) {
      const { since, abort, setListened } = record(create(), options);
      return {
        since,
        abort: async () => abort(),
        setListened: async (name, isListened) => setListened(name, isListened),
      };
    },
  };
}

/** One connection as a test sees it. */
export class Connection {
  readonly entries: Entry[] = [];

  constructor(
    /** The abilities of this transport for such a request. */
    readonly abilities: TransportAbilities,
    private readonly recording: RemoteRecording,
  ) {}

  /** Waits until the recording fulfils a condition. Throws as soon as it no longer can. */
  async until(condition: (entries: readonly Entry[]) => unknown): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (!condition(this.entries)) {
      if (this.settled || performance.now() > deadline) {
        throw new Error(
          `timed out waiting for ${condition.toString()}\nlast entries: ${JSON.stringify(this.entries.slice(-20))}`,
        );
      }
      await this.update();
    }
  }

  /** Reads the latest entries; waits for up to `patience` (ms) if there are none. */
  async update(patience = 1000): Promise<void> {
    this.entries.push(...(await this.recording.since(this.entries.length, patience)));
  }

  abort(): Promise<void> {
    return this.recording.abort();
  }

  setListened(name: string, isListened: boolean): Promise<void> {
    return this.recording.setListened(name, isListened);
  }

  /** Waits until the promise settles, and returns how. */
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

  /** The id a reconnect would send; undefined if nothing has set one. */
  get resumePoint(): string | undefined {
    return this.entries
      .filter((entry) => entry.call === "event" || entry.call === "lastEventId")
      .at(-1)?.lastEventId;
  }

  /** Waits for an event with this data. */
  received(data: string): Promise<void> {
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
