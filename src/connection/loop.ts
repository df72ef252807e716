import type { ConnectionError } from "../errors.ts";
import type { Settings } from "../options.ts";
import { mustDisconnect } from "./gate.ts";
import type { OpenDetails } from "../transport/transport.ts";
import { attemptConnection, type AttemptHost, type AttemptSink } from "./attempt.ts";
import { delayBefore } from "./backoff.ts";
import { decideRetry } from "./retry.ts";
import { aborted, sleep } from "../util/sleep.ts";
import type { ConnectionState, Role } from "./state.ts";

/** The states that a failed connection leads to. */
type FailedState =
  | Extract<ConnectionState, { status: "waiting" }>
  | { readonly status: "closed"; readonly error: ConnectionError };

/** What the loop needs from whoever runs it. No callback may throw. */
export interface LoopHost extends AttemptHost {
  readonly settings: Settings;
  /** Gets what arrives. */
  readonly sink: Pick<AttemptSink, "event" | "lastEventId" | "reopen">;
  /** Publishes a state. */
  setState(state: ConnectionState): void;
  /** A connection opened; the state says so already. */
  opened(details: OpenDetails): void;
  /** A connection failed; the state, which says what comes next, is published already. */
  failed(state: FailedState): void;
}

/** The handle of a loop. */
export interface Loop {
  /** Ends it for good. From here on it calls nobody. */
  close(): void;
  /** Connects now: cuts a wait short, replaces a live connection, starts again after giving up. Does nothing after `close()`. */
  reconnect(): void;
}

/** Everything that takes time is a step. `close()` and `reconnect()` interrupt any step, a change of the gate does where `wakes` says so. */
interface Step {
  readonly controller: AbortController;
  readonly wakes: () => boolean;
}

/** Keeps a connection alive: gate, attempt, classify, report, wait, and again. */
export function startLoop(host: LoopHost): Loop {
  const { gate } = host;
  const { backoff, minUptime } = host.settings;
  let closed = false;
  let running = false;
  let step: Step | undefined;
  /** The stream's reconnection time, once a server has named one. As in the standard it outlives the connection. */
  let reconnectionTime: number | undefined;

  /** Read through a function: the compiler cannot see that every callback and every `await` may change it. */
  const isClosed = (): boolean => closed;
  const interrupt = (): void => {
    step?.controller.abort();
  };
  /** Begins a step; the one before is over, and whoever still listens to it is let go: a connection that timed out, too. */
  const nextStep = (wakes: () => boolean = () => false): AbortSignal => {
    interrupt();
    step = { controller: new AbortController(), wakes };
    return step.controller.signal;
  };

  let since = 0;
  let role: Role | undefined;
  const enterOpen = (): void => {
    host.setState({ status: "open", openedAt: since, ...(role && { role }) });
  };
  // Not spread into the object: that gives each source's another shape, and its events other machine code.
  const { event, lastEventId, reopen } = host.sink;
  const sink: AttemptSink = {
    event,
    lastEventId,
    reopen,
    activity: () => undefined,
    open(details = {}) {
      since = Date.now();
      enterOpen();
      // A listener of the state may have closed or replaced this connection.
      if (!step?.controller.signal.aborted) host.opened(details);
    },
    role(now) {
      role = now;
      if (since) enterOpen();
    },
    retry(ms) {
      reconnectionTime = ms;
    },
  };

  const loop = async (): Promise<void> => {
    // How many connections in a row failed before they were stable; also the number of the next attempt.
    let failures = 0;
    while (!isClosed()) {
      // gate
      if (gate.blocked) {
        const changed = nextStep(() => true);
        host.setState({ status: "paused", reason: gate.blocked });
        await aborted(changed);
        continue;
      }

      // attempt
      since = 0;
      const interrupted = nextStep(() => mustDisconnect(gate));
      host.setState({ status: "connecting", attempt: failures });
      const { error, openFor } = await attemptConnection(host, sink, failures, interrupted);
      if (openFor !== undefined && openFor >= minUptime) failures = 0;
      if (interrupted.aborted || !error) continue;

      // classify; `close()` and `reconnect()` overrule the policy, also when it calls them itself
      failures++;
      const overruled = nextStep();
      let retried = decideRetry(error, failures, backoff.retry);
      if (typeof retried === "object" && !overruled.aborted) {
        // The policy takes its time, for a fresh token perhaps. The old connection is gone, so the state must not say "open".
        host.setState({ status: "connecting", attempt: failures });
        retried = await Promise.race([retried, aborted(overruled).then(() => true)]);
      }
      if (overruled.aborted) continue;
      // A page that is being left shows no error. It pauses, for it may come back. What another tab tells has nothing to do with this page.
      const held = nextStep(() => mustDisconnect(gate));
      if (mustDisconnect(gate)) interrupt();
      if (gate.errorGracePeriod && error.retryIn === undefined)
        await sleep(gate.errorGracePeriod, held);
      if (isClosed() || held.aborted) continue;

      // report
      if (!retried || failures >= backoff.numOfAttempts) {
        running = false;
        publish({ status: "closed", error });
        return;
      }
      const delay =
        error.retryIn ??
        delayBefore(failures, backoff, { reconnectionTime, retryAfter: error.retryAfter });

      // wait; the timer starts before anybody hears of it, so that the published delay is the one that happens
      const cut = nextStep(() => gate.blocked !== undefined);
      const waited = sleep(delay, cut);
      // Offline already, say: then there is no wait, but a pause.
      if (gate.blocked) interrupt();
      publish({ status: "waiting", attempt: failures, delay, retryAt: Date.now() + delay, error });
      await waited;
    }
  };

  const publish = (state: FailedState): void => {
    host.setState(state);
    // A listener of the state may have closed or revived us.
    if (!closed && running === (state.status === "waiting")) host.failed(state);
  };

  const start = async (delay: number): Promise<void> => {
    running = true;
    const unwatch = gate.watch((signal) => {
      if (signal === "changed" && step?.wakes()) interrupt();
    });
    // Also without a delay: whoever made us gets the time to add listeners first.
    await (delay ? sleep(delay, nextStep()) : Promise.resolve());
    await loop();
    unwatch();
  };

  void start(backoff.delayFirstAttempt ? delayBefore(0, backoff) : 0);
  return {
    close() {
      closed = true;
      interrupt();
    },
    reconnect() {
      if (closed) return;
      if (running) {
        interrupt();
        return;
      }
      running = true;
      host.setState({ status: "connecting", attempt: 0 });
      void start(0);
    },
  };
}
