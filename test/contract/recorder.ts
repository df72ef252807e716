// Runs in Node and in pages, so it imports nothing that one of them lacks.
import { ConnectionError } from "../../src/errors.ts";
import type { Resume } from "../../src/transport/resume.ts";
import type { Transport } from "../../src/transport/transport.ts";

/** One call of the sink, or how the promise settled, as JSON. */
export type Entry =
  | { call: "open"; status: number | null; contentType: string | null }
  | {
      call: "event";
      type: string;
      data: string;
      lastEventId: string;
      origin: string | null;
      idInherited: boolean;
    }
  | { call: "lastEventId"; lastEventId: string }
  | { call: "activity" }
  | { call: "retry"; ms: number }
  | { call: "resolved" }
  | {
      call: "rejected";
      reason: string;
      status: number | null;
      retryAfter: number | null;
      message: string;
    };

export interface ConnectOptions {
  url: string;
  withCredentials?: boolean;
  lastEventId?: string;
  resume?: Resume | undefined;
  attempt?: number;
  /** The names with listeners from the start. Default: `message`. */
  names?: readonly string[];
  /** Aborts before the transport is called, or in the first call of this kind. */
  abortIn?: "start" | "open" | "event";
  /** How long a listener takes for each event (ms). */
  listening?: number;
}

export interface Recording {
  /** The entries from an index on. Waits for one, for up to `patience` (ms). */
  since(index: number, patience: number): Promise<Entry[]>;
  abort(): void;
  setListened(name: string, isListened: boolean): void;
}

/** Longer data is recorded as its length, since recordings go to another process. */
const LONGEST_RECORDED = 2 ** 20;

/** Makes one connection by a transport and records everything that it calls. */
export function record(transport: Transport, options: ConnectOptions): Recording {
  const {
    url,
    withCredentials = false,
    lastEventId = "",
    resume,
    attempt = 0,
    abortIn,
    listening = 0,
  } = options;
  const controller = new AbortController();
  const entries: Entry[] = [];
  const names = new Set(options.names ?? ["message"]);
  const observers = new Set<(name: string, isListened: boolean) => void>();
  let wake = (): void => undefined;

  const add = (entry: Entry): void => {
    entries.push(entry);
    wake();
    if (entry.call === abortIn) controller.abort();
  };

  if (abortIn === "start") controller.abort();
  const request = {
    url,
    withCredentials,
    lastEventId,
    resume,
    origin: "",
    connectTimeout: 0,
    heartbeatTimeout: 0,
    attempt,
    signal: controller.signal,
    names: {
      [Symbol.iterator]: () => names.values(),
      observe: (observer: (name: string, isListened: boolean) => void) => {
        observers.add(observer);
        return () => observers.delete(observer);
      },
    },
    source: {
      onState: () => () => undefined,
      onDrain: () => () => undefined,
      reconnect: () => undefined,
    },
  };
  transport(request, {
    open: ({ status, headers } = {}) =>
      add({
        call: "open",
        status: status ?? null,
        contentType: headers?.get("Content-Type") ?? null,
      }),
    event: (type, data, { lastEventId, origin, idInherited = false }) => {
      add({
        call: "event",
        type,
        data: data.length > LONGEST_RECORDED ? `${data.length} characters` : data,
        lastEventId,
        origin: origin ?? null,
        idInherited,
      });
      const began = performance.now();
      while (performance.now() - began < listening);
    },
    lastEventId: (lastEventId) => add({ call: "lastEventId", lastEventId }),
    activity: () => add({ call: "activity" }),
    retry: (ms) => add({ call: "retry", ms }),
  }).then(
    () => add({ call: "resolved" }),
    (error: unknown) => {
      // The contract says: "Anything else it throws counts as `network`".
      const {
        reason = "network",
        status = null,
        retryAfter = null,
      } = error instanceof ConnectionError ? error : {};
      add({ call: "rejected", reason, status, retryAfter, message: String(error) });
    },
  );

  return {
    async since(index, patience) {
      if (entries.length <= index) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, patience);
        });
      }
      return entries.slice(index);
    },
    abort: () => controller.abort(),
    setListened(name, isListened) {
      if (isListened) names.add(name);
      else names.delete(name);
      for (const observer of observers) observer(name, isListened);
    },
  };
}

/**
 * A transport for the later connections of a source: its first connection is made and aborted
 * before.
 */
export function afterFirst(transport: Transport): Transport {
  return (request, sink) => {
    void transport({ ...request, signal: AbortSignal.abort() }, sink);
    return transport(request, sink);
  };
}
