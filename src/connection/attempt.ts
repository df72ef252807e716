import { ConnectionError } from "../errors.ts";
import { callTransport } from "../transport/call-transport.ts";
import type { OpenDetails, Sink, Transport, TransportRequest } from "../transport/transport.ts";
import { messageOf } from "../util/message-of.ts";
import type { Gate } from "./gate.ts";
import { Liveness, type Timeouts } from "./liveness.ts";
import type { Role } from "./state.ts";

/** The caller of an attempt, as far as the attempt needs it. */
export interface AttemptHost {
  readonly transport: Transport;
  readonly gate: Gate;
  readonly settings: Timeouts;
  /** Makes the request. Called once per attempt, since tokens in URLs expire. */
  request(attempt: number, signal: AbortSignal): Promise<Omit<TransportRequest, "signal">>;
}

/** Receives what an attempt delivers until the attempt settles. */
export interface AttemptSink extends Sink {
  /**
   * Called when the leader replaced the shared connection: this source's own connection stays open.
   */
  reopen(connection?: number): void;
}

/** How an attempt ended. */
export interface AttemptEnd {
  /** Undefined if the attempt was interrupted, which is not an error. */
  readonly error: ConnectionError | undefined;
  /** How long the connection was open, in milliseconds; undefined if it never opened. */
  readonly openFor: number | undefined;
  /** The time of its last sign of life, in milliseconds since the epoch. */
  readonly lastAlive: number;
}

/**
 * Runs one attempt. Resolves once; later calls from its transport are ignored, so a stale attempt
 * cannot affect the current one.
 *
 * @param signal Interrupts this attempt, and no other. The caller must also abort it after the
 * attempt has settled, because the transport of an attempt that timed out keeps its connection
 * until then.
 */
export function attemptConnection(
  host: AttemptHost,
  sink: AttemptSink,
  attempt: number,
  signal: AbortSignal,
): Promise<AttemptEnd> {
  return new Promise((resolve) => {
    new Attempt(host, sink, signal, resolve).run(attempt);
  });
}

/**
 * The sink given to the transport of one attempt. It forwards calls until the attempt settles. Its
 * methods are properties, so that a transport around another can spread it: `{ ...sink, event }`.
 */
class Attempt implements Sink {
  readonly event: Sink["event"];
  private readonly _host: AttemptHost;
  private readonly _sink: AttemptSink;
  private readonly _signal: AbortSignal;
  private readonly _resolve: (end: AttemptEnd) => void;
  private readonly _liveness: Liveness;
  private _isLive = true;
  private _openedAt: number | undefined;

  constructor(
    host: AttemptHost,
    sink: AttemptSink,
    signal: AbortSignal,
    resolve: (end: AttemptEnd) => void,
  ) {
    this._host = host;
    this._sink = sink;
    this._signal = signal;
    this._resolve = resolve;
    const liveness = (this._liveness = new Liveness(host.settings, host.gate, (message) => {
      this._settle(new ConnectionError(message, { reason: "timeout" }));
    }));
    const { event } = sink;
    this.event = (type, data, meta) => {
      if (!this._isLive) return;
      liveness.markAlive();
      event(type, data, meta);
    };
  }

  // Not async: the function would take memory for as long as the connection lasts.
  run(attempt: number): void {
    const { _host: host, _signal: signal } = this;
    if (signal.aborted) {
      this._settle();
      return;
    }
    signal.addEventListener("abort", this._interrupt);
    host
      .request(attempt, signal)
      .then((request) =>
        this._isLive ? callTransport(host.transport, { ...request, signal }, this) : undefined,
      )
      .then(
        () => {
          this._settle(new ConnectionError("the server ended the stream", { reason: "ended" }));
        },
        (cause: unknown) => {
          const message = `the connection failed: ${messageOf(cause)}`;
          this._settle(
            cause instanceof ConnectionError
              ? cause
              : new ConnectionError(message, { reason: "network", cause }),
          );
        },
      );
  }

  readonly answered = (): void => {
    this._liveness.answered();
  };

  readonly open = (details?: OpenDetails): void => {
    if (!this._isLive) return;
    // EventSource hides the status, and comments with it; the other transports see both.
    this._liveness.opened(details?.status !== undefined);
    if (this._openedAt === undefined) {
      this._openedAt = performance.now();
      this._sink.open(details);
    } else this._sink.reopen(details?.connection);
  };

  readonly lastEventId = (id: string, origin?: string): void => {
    if (this._isLive) this._sink.lastEventId(id, origin);
  };

  readonly activity = (): void => {
    this._liveness.markActive();
  };

  readonly role = (role: Role | undefined): void => {
    if (!this._isLive) return;
    // A new leader has yet to connect, even if it has been open as a follower.
    this._liveness.setOn(role !== "follower");
    this._sink.role?.(role);
  };

  readonly retry = (ms: number): void => {
    if (this._isLive) this._sink.retry(ms);
  };

  readonly unrepeatable = (): void => {
    if (this._isLive) this._sink.unrepeatable?.();
  };

  private readonly _interrupt = (): void => {
    this._settle();
  };

  private _settle(error?: ConnectionError): void {
    if (!this._isLive) return;
    this._isLive = false;
    this._liveness.stop();
    this._signal.removeEventListener("abort", this._interrupt);
    this._resolve({
      error,
      openFor: this._openedAt === undefined ? undefined : performance.now() - this._openedAt,
      lastAlive: this._liveness.lastAlive,
    });
  }
}
