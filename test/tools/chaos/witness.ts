// Runs in pages and in a process of its own, so nothing here may refer to anything outside of
// `installWitness`.
import type * as Library from "../../../src/index.ts";
import type {
  ConnectionState,
  ResilientEventSource,
  ResilientEventSourceOptions,
  Sink,
  Transport,
} from "../../../src/index.ts";
import type { Pace } from "./model.ts";

export type TransportName =
  "fetch" | "auto" | "eventSource" | "polyfill" | "shared fetch" | "shared auto";

/** A source to make, as data. */
export interface SourceSpec {
  id: string;
  url: string;
  transport: TransportName;
  names: readonly string[];
  /** Every reconnection time that the server may name (ms). */
  retries: readonly number[];
  options: { backoff: Pace["backoff"] } & Pick<
    ResilientEventSourceOptions,
    | "connectTimeout"
    | "dedupe"
    | "pauseWhenHidden"
    | "resume"
    | "heartbeatTimeout"
    | "minUptime"
    | "withCredentials"
  >;
  /**
   * The calls of its own listeners: at which event, and at which `error`; 0 for never.
   */
  closesAt: number;
  reconnectsAt: number;
  reconnectsAtError: number;
  throwsEvery: number;
}

/** A source's record since the last question. */
export interface SourceNews {
  /** Name, id and data of each event. */
  events: string[];
  /** The states it entered, shortened. */
  states: string[];
  status: ConnectionState["status"];
  /** By its state it makes no request. */
  isResting: boolean;
  /** How long it has been in its state (ms). */
  for: number;
  /** How long (ms) its wait still takes; 0 if it does not wait. */
  dueIn: number;
  lastEventId: string;
  closed: boolean;
  /** How often `reconnect()` was called. */
  reconnects: number;
  /** It came back after giving up, which another member of a shared stream must have asked for. */
  isRevived: boolean;
}

/** Resources that a library can leave behind. */
export interface Leftovers {
  timers: number;
  listeners: string[];
  channels: number;
}

export interface News {
  violations: string[];
  sources: Record<string, SourceNews>;
  left: Leftovers;
}

interface Witness {
  make(spec: SourceSpec): void;
  call(id: string, what: "reconnect" | "close"): void;
  take(): News;
}

declare global {
  var witness: Witness;
}

/**
 * Observes sources from within their page. It checks at once everything that needs no knowledge of
 * the server: states follow each other as they may, an `error` event matches its state, waits are
 * within their bounds and are kept, and a closed source is silent.
 */
export function installWitness(): void {
  const library = (): typeof Library =>
    (globalThis as unknown as { library: typeof Library }).library;
  const violations: string[] = [];
  const isPage = typeof document !== "undefined";

  // Counts what a library can leave behind. The page itself has no timers or listeners.
  const timers = new Set<unknown>();
  const listeners = new Set<string>();
  /** Listeners of Playwright. */
  const FOREIGN = /mouse|pointer|touch|click|drag|contextmenu|__/;
  const channels = new Set<BroadcastChannel>();
  const native = {
    setTimeout: setTimeout.bind(globalThis),
    clearTimeout: clearTimeout.bind(globalThis),
    setInterval: setInterval.bind(globalThis),
    clearInterval: clearInterval.bind(globalThis),
  };
  const wrapped = {
    setTimeout(run: (...parameters: unknown[]) => void, ms?: number, ...parameters: unknown[]) {
      const timer = native.setTimeout(() => {
        timers.delete(timer);
        run(...parameters);
      }, ms);
      timers.add(timer);
      return timer;
    },
    setInterval(run: () => void, ms?: number) {
      const timer = native.setInterval(run, ms);
      timers.add(timer);
      return timer;
    },
    clearTimeout(timer: undefined) {
      timers.delete(timer);
      native.clearTimeout(timer);
    },
    clearInterval(timer: undefined) {
      timers.delete(timer);
      native.clearInterval(timer);
    },
  };
  Object.assign(globalThis, wrapped);

  let frozen = false;
  /** When the page went offline; undefined while it is online. */
  let offlineSince: number | undefined;
  /** When the page or the network came back: within so long (ms) it may cut waits short. */
  let returnedAt = -Infinity;
  const RETURN = 6000;
  if (isPage) {
    addEventListener("offline", () => (offlineSince = performance.now()));
    addEventListener("online", () => {
      offlineSince = undefined;
      returnedAt = performance.now();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) returnedAt = performance.now();
    });
    document.addEventListener("freeze", () => (frozen = true));
    document.addEventListener("resume", () => (frozen = false));
    const callbacks = new Map<unknown, number>();
    const targets = [window, document, (window as { navigation?: EventTarget }).navigation];
    for (const [index, target] of targets.entries()) {
      if (!target) continue;
      const { addEventListener, removeEventListener } = EventTarget.prototype;
      const nameOf = (type: string, callback: unknown): string => {
        if (!callbacks.has(callback)) callbacks.set(callback, callbacks.size);
        return `${index} ${type} ${callbacks.get(callback)}`;
      };
      target.addEventListener = (
        type: string,
        callback: EventListener,
        options?: AddEventListenerOptions,
      ) => {
        if (!FOREIGN.test(type)) listeners.add(nameOf(type, callback));
        addEventListener.call(target, type, callback, options);
      };
      target.removeEventListener = (
        type: string,
        callback: EventListener,
        options?: AddEventListenerOptions,
      ) => {
        listeners.delete(nameOf(type, callback));
        removeEventListener.call(target, type, callback, options);
      };
    }
    const NativeChannel = BroadcastChannel;
    globalThis.BroadcastChannel = class extends NativeChannel {
      constructor(name: string) {
        super(name);
        channels.add(this);
      }
      override close(): void {
        channels.delete(this);
        super.close();
      }
    };
  }

  const ANGER = "a listener of the chaos threw";
  globalThis.reportError = (error: unknown) => {
    if (!String(error).includes(ANGER)) violations.push(`reported: ${String(error)}`);
  };
  if (isPage)
    EventTarget.prototype.addEventListener.call(window, "error", (event) =>
      violations.push(`uncaught: ${(event as ErrorEvent).message}`),
    );
  if (isPage)
    EventTarget.prototype.addEventListener.call(window, "unhandledrejection", (event) =>
      violations.push(`unhandled: ${String((event as PromiseRejectionEvent).reason)}`),
    );

  /**
   * The states that may follow a state. The effects of `reconnect()` on a source that gave up are
   * checked where it is called.
   */
  const followers: Record<ConnectionState["status"], ConnectionState["status"][]> = {
    // The attempt number changed: the attempt had failed, which is not reported at once, and
    // reconnect() overruled that.
    connecting: ["connecting", "open", "waiting", "paused", "closed"],
    open: ["open", "connecting", "waiting", "paused", "closed"],
    // The page has returned: the rest of the wait is shorter.
    waiting: ["waiting", "connecting", "paused"],
    // A pause does not shorten what the server asked for: the rest of the wait comes after it.
    paused: ["connecting", "waiting", "paused"],
    closed: ["connecting"],
  };
  /**
   * Clocks may differ by this much (ms). Ten times as much may pass between two lines of code if
   * this process has to wait for its turn.
   */
  const SLACK = 25;

  /** The states that have a next attempt. */
  type Wait = Extract<ConnectionState, { retryAt?: number }>;

  /** It makes an attempt from time to time without leaving this state. */
  const isOffline = (state: ConnectionState): boolean =>
    state.status === "paused" && state.reason === "offline";

  const sources = new Map<
    string,
    {
      source: ResilientEventSource;
      note: SourceNews;
      since: number;
      called: (what: string) => void;
    }
  >();

  /** A sink that lets us see some of its calls. */
  const tapped = (sink: Sink, taps: Partial<Sink>): Sink =>
    new Proxy(sink, {
      get(target, key: keyof Sink) {
        const method = target[key] as ((...parameters: unknown[]) => void) | undefined;
        const tap = taps[key] as typeof method;
        return (...parameters: unknown[]) => {
          tap?.(...parameters);
          method?.apply(target, parameters);
        };
      },
    });

  /** The facts that the transport shows of the connection; `auto`, the default, hides them. */
  interface Seen {
    /** The stream's reconnection time. */
    retry: number;
    /** The current connection has named it. */
    hasNamedTime: boolean;
  }

  /**
   * The transport. Its URL says whose connection it is, and whether it is the leader's if that is
   * known.
   */
  const transportOf = (
    { transport, retries }: SourceSpec,
    seen: Seen,
    complain: (what: string) => void,
    begin: () => void,
  ): Transport | undefined => {
    const { eventSourceTransport, fetchTransport, polyfillTransport, sharedTransport } = library();
    const watched =
      (inner: Transport, taps: Partial<Sink> = {}): Transport =>
      (request, sink) => {
        seen.hasNamedTime = false;
        return inner(
          request,
          tapped(sink, {
            ...taps,
            retry(ms) {
              seen.retry = ms;
              seen.hasNamedTime = true;
              if (!retries.includes(ms)) complain(`a reconnection time of ${ms} ms`);
            },
          }),
        );
      };
    switch (transport) {
      case "auto":
        return undefined;
      case "shared auto":
        return watched(sharedTransport(undefined, { key: transport }));
      case "shared fetch": {
        let role = "";
        const inner = fetchTransport();
        const shared = sharedTransport(
          (request, sink) => inner({ ...request, url: `${request.url}&role=${role}` }, sink),
          { key: transport },
        );
        return watched(shared, { role: (now) => (role = now ?? "") });
      }
      default: {
        const inner = watched(
          {
            fetch: fetchTransport,
            eventSource: eventSourceTransport,
            polyfill: polyfillTransport,
          }[transport](),
        );
        let current: AbortSignal | undefined;
        return async (request, sink) => {
          if (current) complain("a second connection begins while another one is wanted");
          if (frozen) complain("a request while the page is frozen");
          begin();
          const { signal } = request;
          current = signal;
          const over = (): void => {
            if (current === signal) current = undefined;
          };
          signal.addEventListener("abort", over);
          await inner(request, sink).finally(over);
        };
      }
    }
  };

  const make = (spec: SourceSpec): void => {
    const { id, options } = spec;
    const { backoff } = options;
    const { ResilientEventSource } = library();
    const isShared = spec.transport.startsWith("shared");
    /** It minds whether the page is offline. */
    const isMindful = isPage && new URL(spec.url).hostname !== "127.0.0.1";
    const complain = (what: string): void =>
      void violations.push(`${id} (${spec.transport}): ${what}`);
    const seen: Seen = { retry: 0, hasNamedTime: false };
    const transport = transportOf(spec, seen, complain, () => {
      if (
        isOffline(before) &&
        "retryAt" in before &&
        offlineSince !== undefined &&
        Date.now() < before.retryAt - 10 * SLACK
      )
        complain(`an attempt offline ${before.retryAt - Date.now()} ms too early`);
    });
    const source = new ResilientEventSource(spec.url, {
      ...options,
      ...(transport && { transport }),
    });
    const note: SourceNews = {
      events: [],
      states: [],
      status: "connecting",
      isResting: false,
      for: 0,
      dueIn: 0,
      lastEventId: "",
      closed: false,
      reconnects: 0,
      isRevived: false,
    };
    const entry = { source, note, since: performance.now(), called };
    sources.set(id, entry);
    let before = source.state;
    /**
     * True if `reconnect()` was called since the state was entered. Another tab may call it, too.
     */
    let reconnected = false;
    let heard = 0;
    let errors = 0;
    /** The error of the latest `error` event. */
    let reported: unknown;
    /** The state that belongs to an `error` event. */
    let owed: ConnectionState | undefined;
    /** When the last connection was lost. */
    let lostAt = -Infinity;
    /** Its end, if `reconnect()` or the page has ended it, which is no loss. */
    let leftAt = -Infinity;
    /** Only `reconnect()` may end a wait before this time: the server asked for it. */
    let earliest = -Infinity;
    /** The latest wait, as long as there was nothing but pauses after it. */
    let latestWait: Wait | undefined;

    function called(what: string): void {
      if (what !== "close") {
        reconnected = true;
        note.reconnects++;
      } else if (!note.closed) {
        note.closed = true;
        // No statechange reports it.
        entry.since = performance.now();
      }
    }
    const reconnect = (): void => {
      called("reconnect");
      source.reconnect();
    };
    const expectAlive = (what: string): void => {
      if (note.closed) complain(`${what} after close()`);
    };

    source.addEventListener("statechange", () => {
      const { state } = source;
      expectAlive(`state ${state.status}`);
      note.states.push(isOffline(state) ? "offline" : state.status);
      const beforeSince = entry.since;
      entry.since = performance.now();
      const allowed = isOffline(before)
        ? ["connecting", "open", "waiting", "paused", "closed"]
        : followers[before.status];
      if (!allowed.includes(state.status)) complain(`${before.status} → ${state.status}`);
      if (
        before.status === "connecting" &&
        state.status === "connecting" &&
        state.attempt <= before.attempt
      )
        complain("connecting twice");
      if (before.status === "closed" && !reconnected)
        if (isShared) note.isRevived = true;
        else complain("it came back after giving up, and nobody had asked for it");
      if (owed) complain(`${owed.status} without an error event`);
      const now = performance.now();
      if (before.status === "open" && state.status !== "open")
        if (state.status === "waiting") lostAt = now;
        else leftAt = now;
      if (reconnected) earliest = -Infinity;
      if (state.status === "connecting") {
        if (frozen && before.status !== "closed")
          // After giving up the gate is not watched: reconnect() is visible at once, and becomes a
          // pause before there is a request.
          complain("it connects while the page is frozen");
        if (!reconnected && !isShared) {
          if (
            before.status === "waiting" &&
            Date.now() < before.retryAt - 10 * SLACK &&
            now - returnedAt > RETURN + 10 * SLACK
          )
            complain(`it connects ${before.retryAt - Date.now()} ms too early`);
          if (now < earliest - 10 * SLACK)
            complain(`it connects ${earliest - now} ms before the server allows it`);
        }
      }
      // A wait that is cut down to the server's floor, or interrupted by a pause, is still the same
      // one. A failure that was not reported, since the device was offline, may be followed by a
      // wait once it is online.
      const isRest =
        state.status === "waiting" &&
        latestWait !== undefined &&
        (state.error === reported ||
          (isOffline(latestWait) &&
            state.retryAt <= latestWait.retryAt! + SLACK &&
            model.isUnanswered(state.error.reason)));
      if (before.status === "paused" && !isOffline(before) && state.status === "waiting" && !isRest)
        complain("a wait for another error after a pause");
      if (state.status === "waiting" && !isRest) {
        checkWait(state, now);
        if (
          isMindful &&
          before.status === "connecting" &&
          beforeSince > offlineSince! &&
          model.isUnanswered(state.error.reason)
        )
          complain(`an error event of an attempt that was made offline: ${state.error.reason}`);
      } else if (state.status === "waiting" && state.retryAt > latestWait!.retryAt! + SLACK)
        complain("a wait that got longer");
      if (state.status === "waiting" || isOffline(state)) latestWait = state as Wait;
      else if (state.status !== "paused") latestWait = undefined;
      if (state.status === "paused" && isOffline(state)) checkOffline(state);
      owed =
        (state.status === "waiting" && !isRest) || state.status === "closed" ? state : undefined;
      before = state;
      reconnected = false;
    });
    const paceNow = (): Pace => {
      const isHidden = spec.transport === "auto";
      return {
        backoff,
        retries: isHidden ? spec.retries : [seen.retry],
        hasNamedTime: isHidden ? undefined : seen.hasNamedTime,
      };
    };
    const checkWait = (
      { delay, attempt, error, retryAt }: Extract<ConnectionState, { status: "waiting" }>,
      now: number,
    ): void => {
      const { reason, retryAfter, retryIn } = error;
      // In a busy page some time may have passed since it was computed.
      const left = retryAt - Date.now();
      if (left > delay + SLACK || left < delay - 1000)
        complain(`a wait of ${delay} ms until ${left} ms from now`);
      const pace = paceNow();
      const fault = model.faultOfWait({ attempt, delay, reason, retryAfter, retryIn }, pace);
      if (fault) complain(fault);
      const floors = [...pace.retries, retryAfter ?? 0];
      earliest = isShared || floors.length > 2 ? -Infinity : now + Math.max(...floors);
    };
    const checkOffline = ({ retryAt }: Extract<ConnectionState, { status: "paused" }>): void => {
      if (!isMindful) complain("a host that can be reached offline is offline");
      if (offlineSince === undefined && performance.now() - returnedAt > RETURN)
        complain("it is offline, and the page is not");
      if (retryAt === undefined) complain("offline for ever");
      // A wait goes on, with another state.
      else if (!("retryAt" in before && before.retryAt === retryAt)) {
        const fault = model.faultOfOfflineWait(retryAt - Date.now(), 10 * SLACK, paceNow());
        if (fault) complain(fault);
      }
    };
    source.addEventListener("open", () => {
      expectAlive("open");
      if (source.state.status !== "open") complain(`open while ${source.state.status}`);
    });
    source.addEventListener("error", (event) => {
      expectAlive("error");
      const { state } = source;
      if (state !== owed) complain(`an error event while ${state.status}`);
      owed = undefined;
      reported = event.error;
      const { reason, status = 0, expected = false } = event.error;
      if (expected !== (status === 204))
        complain(`${status} is ${expected ? "" : "not "}a normal end`);
      const isInState = (state.status === "waiting" || state.status === "closed") && state.error;
      if (isInState !== (expected ? undefined : event.error))
        complain("an error event with another error than its state");
      if (source.readyState !== event.readyState)
        complain(`an error event with readyState ${event.readyState}, not ${source.readyState}`);
      // A shared connection may have been lost by another tab.
      const now = performance.now();
      const answers = new Set(
        (isShared ? [0, Infinity] : [now - lostAt, now - leftAt]).map((lostFor) =>
          model.isFinal(reason, status, lostFor),
        ),
      );
      if (!answers.has(event.readyState === 2))
        complain(
          `${reason} ${status} is ${event.readyState === 2 ? "transient" : "final"}, readyState is ${event.readyState}`,
        );
      if (++errors === spec.reconnectsAtError) reconnect();
    });
    const hear = (type: string, data: string, lastEventId: string): void => {
      expectAlive("an event");
      if (source.state.status !== "open") complain(`an event while ${source.state.status}`);
      note.events.push(`${type}|${lastEventId}|${data}`);
      heard++;
      if (heard === spec.closesAt) {
        called("close");
        source.close();
      }
      if (heard === spec.reconnectsAt) reconnect();
      if (spec.throwsEvery && heard % spec.throwsEvery === 0) throw new Error(ANGER);
    };
    for (const [index, name] of spec.names.entries()) {
      if (index % 2) source.on(name, (data, { lastEventId }) => hear(name, data, lastEventId));
      else
        source.addEventListener(name, ({ data, lastEventId }: MessageEvent<string>) =>
          hear(name, data, lastEventId),
        );
    }
  };

  globalThis.witness = {
    make,
    call(id, what) {
      const entry = sources.get(id);
      if (!entry) return;
      entry.called(what);
      entry.source[what]();
      if (
        what === "close" &&
        (entry.source.readyState !== 2 || entry.source.state.status !== "closed")
      )
        violations.push(`${id}: not closed after close()`);
    },
    take() {
      const news: News["sources"] = {};
      for (const [id, { source, note, since }] of sources) {
        const { state } = source;
        news[id] = {
          ...note,
          status: state.status,
          isResting: ["closed", "waiting", "paused"].includes(state.status) && !isOffline(state),
          for: performance.now() - since,
          dueIn: "retryAt" in state ? (state.retryAt ?? 0) - Date.now() : 0,
          lastEventId: source.lastEventId,
        };
        note.events = [];
        note.states = [];
        note.reconnects = 0;
        note.isRevived = false;
      }
      return {
        violations: violations.splice(0),
        sources: news,
        left: { timers: timers.size, listeners: [...listeners], channels: channels.size },
      };
    },
  };
}
