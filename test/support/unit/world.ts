import { afterEach, beforeEach, expect, vi } from "vitest";
import {
  ResilientEventSource,
  type ConnectionState,
  type ResilientEventSourceOptions,
  type StreamUrl,
} from "../../../src/index.ts";
import { seeded } from "../seeded.mjs";
import { FakeServer, ORIGIN } from "./server.ts";

export const HOUR = 3_600_000;

const sources: ResilientEventSource[] = [];
const servers: FakeServer[] = [];
const abortListeners = new Map<AbortSignal, unknown[]>();
const { addEventListener, removeEventListener } = EventTarget.prototype;
const native = { addEventListener, removeEventListener };
let reports: unknown[] = [];
/** How long timers were stopped while time went on. */
let frozenFor = 0;

/**
 * Gives each test of a file a clock and a `Math.random` of its own: the clock moves only when the
 * test moves it, and a draw is 0.5 unless the test says otherwise. After each test every source is
 * closed. The test fails if anything is left then: a timer, a connection, a listener on a signal,
 * or a reported error that the test did not take.
 */
export function useWorld(): void {
  beforeEach(({ signal }) => {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
      now: 1_800_000_000_000,
    });
    frozenFor = 0;
    const now = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => now() + frozenFor);
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    vi.stubGlobal("reportError", (error: unknown) => reports.push(error));
    countAbortListeners(signal);
  });

  afterEach(async () => {
    for (const source of sources.splice(0)) source.close();
    await tick();
    const left = { ...leftovers(), reports: takeReports() };
    servers.length = 0;
    Object.assign(EventTarget.prototype, native);
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    vi.useRealTimers();
    expect(left).toEqual({ ...NOTHING, reports: [] });
  });
}

export const NOTHING = { timers: 0, connections: 0, abortListeners: 0 };

/** Counts what is still held: timers, connections, listeners on signals that could still abort. */
export function leftovers(): typeof NOTHING {
  let listening = 0;
  for (const [signal, callbacks] of abortListeners)
    if (!signal.aborted) listening += callbacks.length;
  return {
    timers: vi.getTimerCount(),
    connections: servers.reduce((sum, { live }) => sum + live.length, 0),
    abortListeners: listening,
  };
}

/** Returns the errors that went to `reportError`, and forgets them. */
export function takeReports(): unknown[] {
  const taken = reports;
  reports = [];
  return taken;
}

/** Moves the clock. Without an argument only pending promises run. */
export async function tick(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/** Moves the clock while timers are stopped, as in a frozen page or a sleeping machine. */
export function freeze(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
  frozenFor += ms;
}

/** Makes `Math.random` repeatable. */
export function seedRandom(seed: number): void {
  vi.mocked(Math.random).mockImplementation(seeded(seed));
}

/** A source, its server, and a record of its events. */
export interface Client {
  readonly source: ResilientEventSource;
  readonly server: FakeServer;
  /** Lifecycle events and states, in order. */
  readonly log: string[];
}

/** A source whose server is the test. */
export function connect(
  options: ResilientEventSourceOptions = {},
  url: StreamUrl = `${ORIGIN}/stream`,
): Client {
  const server = new FakeServer();
  const source = track(
    new ResilientEventSource(url, { transport: server.transport, ...options }),
    server,
  );
  return { source, server, log: record(source) };
}

/** A source with an open connection. */
export async function connectOpen(options: ResilientEventSourceOptions = {}): Promise<Client> {
  const client = connect(options);
  await tick();
  client.server.latest.open();
  return client;
}

/** Closes `source` at the end of the test, and checks `server` for connections that are left. */
export function track<S extends ResilientEventSource<any>>(source: S, server?: FakeServer): S {
  sources.push(source);
  if (server) servers.push(server);
  return source;
}

function record(source: ResilientEventSource): string[] {
  const log: string[] = [];
  source.addEventListener("statechange", () => log.push(`state: ${describeState(source.state)}`));
  source.addEventListener("open", () => log.push("open"));
  source.addEventListener("error", (event) =>
    log.push(
      event.readyState === ResilientEventSource.CONNECTING
        ? `error: retry ${event.attempt} in ${event.delay}, ${event.error.reason}`
        : `error: final, ${event.error.reason}`,
    ),
  );
  return log;
}

function describeState(state: ConnectionState): string {
  switch (state.status) {
    case "connecting":
      return `connecting ${state.attempt}`;
    case "open":
      return "open";
    case "waiting":
      return `waiting ${state.attempt}, ${state.delay}, ${state.error.reason}`;
    case "paused":
      return `paused ${state.reason}`;
    case "closed":
      return `closed ${state.error?.reason ?? ""}`.trim();
  }
}

/**
 * Not with spies, since a test's own spies on a signal would interfere. Vitest's own signal does
 * not count.
 */
function countAbortListeners(foreign: AbortSignal): void {
  abortListeners.clear();
  Object.assign(EventTarget.prototype, {
    addEventListener(
      this: EventTarget,
      type: string,
      callback: EventListener | null,
      options?: AddEventListenerOptions,
    ) {
      const known = this instanceof AbortSignal ? (abortListeners.get(this) ?? []) : [];
      if (this instanceof AbortSignal && this !== foreign && callback && !known.includes(callback))
        abortListeners.set(this, [...known, callback]);
      native.addEventListener.call(this, type, callback, options);
    },
    removeEventListener(
      this: EventTarget,
      type: string,
      callback: EventListener | null,
      options?: EventListenerOptions,
    ) {
      const known = this instanceof AbortSignal ? (abortListeners.get(this) ?? []) : [];
      if (this instanceof AbortSignal)
        abortListeners.set(
          this,
          known.filter((other) => other !== callback),
        );
      native.removeEventListener.call(this, type, callback, options);
    },
  });
}
