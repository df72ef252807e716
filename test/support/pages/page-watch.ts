// Runs in pages of openPage() and in tabs, so nothing here may refer to anything outside of `installWatch`.
import type * as Library from "../../../src/index.ts";
import type {
  ConnectionError,
  ConnectionState,
  ResilientEventSource,
  ResilientEventSourceOptions,
} from "../../../src/index.ts";

/** The parts of a ConnectionError that leave the page. */
type Failure = Pick<ConnectionError, "reason" | "status" | "retryAfter" | "body" | "message">;

/** One `error` event. */
interface ErrorNote {
  readyState: number;
  attempt: number | undefined;
  delay: number | undefined;
  until: number | undefined;
  error: Failure;
}

/** The record of a source, as data. */
export interface Notes {
  status: ResilientEventSource["state"]["status"];
  readyState: number;
  lastEventId: string;
  /** The `status` of each `open` event; undefined for a native EventSource. */
  opens: (number | undefined)[];
  errors: ErrorNote[];
  states: ConnectionState[];
  events: { type: string; data: string; lastEventId: string }[];
}

/** A source and its record so far. */
export interface Watched {
  source: ResilientEventSource;
  notes(): Notes;
}

/** Options that can travel into a page. Functions are given as `extra` in the page. */
export interface ConnectOptions extends Omit<
  ResilientEventSourceOptions,
  "transport" | "signal" | "events" | "resume"
> {
  /** The function that makes it. Default: the default transport. */
  transport?: "fetchTransport" | "eventSourceTransport" | "polyfillTransport" | undefined;
  resume?: "header" | { query: string } | undefined;
  /** The names to listen to, by `on` and `addEventListener` in turn. Default: `message`. */
  names?: readonly string[] | undefined;
}

declare global {
  /** The built package. */
  var library: typeof Library;
  /** Every source of the page. */
  var watched: Watched[];
  /** The sources that a test refers to, by number. */
  var kept: Watched[];
  function keep(watched: Watched | Promise<Watched>): Promise<number>;
  /** Errors of the page that nobody caught. */
  var uncaught: string[];
  function connect(
    url: string,
    options?: ConnectOptions,
    extra?: ResilientEventSourceOptions,
  ): Watched;
  function watch(source: ResilientEventSource, names?: readonly string[]): Watched;
}

export function installWatch(): void {
  globalThis.watched = [];
  globalThis.kept = [];
  globalThis.keep = async (watched) => kept.push(await watched) - 1;
  globalThis.uncaught = [];
  addEventListener("error", ({ message }) => uncaught.push(message));
  addEventListener("unhandledrejection", ({ reason }) => uncaught.push(String(reason)));

  globalThis.watch = (source, names = ["message"]) => {
    const opens: Notes["opens"] = [];
    const errors: ErrorNote[] = [];
    const states: Notes["states"] = [];
    const events: Notes["events"] = [];
    const flatten = ({ reason, status, retryAfter, body, message }: Failure): Failure => ({
      reason,
      status,
      retryAfter,
      body,
      message,
    });

    source.addEventListener("statechange", () => states.push(source.state));
    source.addEventListener("open", ({ status }) => opens.push(status));
    source.addEventListener("error", (event) => {
      const { readyState, error } = event;
      const next = event.readyState === 0 ? event : undefined;
      errors.push({
        readyState,
        attempt: next?.attempt,
        delay: next?.delay,
        until: next?.retryAt,
        error: flatten(error),
      });
    });
    for (const [index, type] of names.entries()) {
      if (index % 2)
        source.on(type, (data, { lastEventId }) => events.push({ type, data, lastEventId }));
      else
        source.addEventListener(type, ({ data, lastEventId }: MessageEvent<string>) =>
          events.push({ type, data, lastEventId }),
        );
    }
    const notes = (): Notes => {
      const { state, readyState, lastEventId } = source;
      return { status: state.status, readyState, lastEventId, opens, errors, states, events };
    };
    const entry = { source, notes };
    globalThis.watched.push(entry);
    return entry;
  };

  globalThis.connect = (url, { transport, names, ...options } = {}, extra = {}) => {
    const made = transport && globalThis.library[transport]();
    return watch(
      new globalThis.library.ResilientEventSource(url, { ...options, transport: made, ...extra }),
      names,
    );
  };
}
