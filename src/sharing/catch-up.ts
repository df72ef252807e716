import { ConnectionError } from "../errors.ts";
import { callTransport } from "../transport/call-transport.ts";
import type { Sink } from "../transport/transport.ts";
import { aborted } from "../util/sleep.ts";
import type { TransportCall } from "./membership.ts";
import { RelayedConnection, type RelayedEvent } from "./relayed.ts";

/**
 * A catch-up fails after this long (ms) without progress. It also waits at most this long for its
 * turn, because the page of the follower whose turn it is may hang.
 */
const DEADLINE = 15_000;

const nothing = (): void => undefined;

/** The connection that a catch-up makes. */
export interface CatchUpRequest extends TransportCall {
  /** The name of the lock of the leader. */
  readonly lock: string;
}

/** The follower that runs a catch-up. None of its methods is called after `stop()`. */
export interface CatchUpHost {
  /** An event that the follower missed. */
  deliver(event: RelayedEvent): void;
  /** The last event ID changed without an event. */
  moveTo(lastEventId: string): void;
  /** The server has delivered everything up to this id. */
  reached(lastEventId: string): void;
  /** The connection failed, ended or made no progress. */
  failed(error: unknown): void;
}

/**
 * A follower's own connection to the server, for events that the leader's history no longer has.
 * Followers catch up one at a time, because a browser allows six connections per host for all tabs.
 * The leader's signs of life say nothing about this connection, so it has a deadline of its own. A
 * catch-up fails if the request must not be repeated.
 */
export class CatchUp {
  private readonly _abort = new AbortController();
  private _deadline: ReturnType<typeof setTimeout> | undefined;

  /** Connects when it is this follower's turn, and resumes after `lastEventId`. */
  start(request: CatchUpRequest, lastEventId: string, host: CatchUpHost): void {
    const { signal } = this._abort;
    let hasBegun = false;
    const begin = (): void => {
      if (hasBegun || signal.aborted) return;
      hasBegun = true;
      this._connect(request, lastEventId, host);
    };
    this._deadline = setTimeout(begin, DEADLINE);
    const take = (): Promise<void> => {
      begin();
      return aborted(signal);
    };
    navigator.locks.request(`${request.lock} catch up`, { signal }, take).catch(begin);
  }

  stop(): void {
    clearTimeout(this._deadline);
    this._abort.abort();
  }

  private _connect(
    { inner, request, sink }: CatchUpRequest,
    lastEventId: string,
    host: CatchUpHost,
  ): void {
    const { signal } = this._abort;
    const connection = new RelayedConnection();
    let resumePoint = lastEventId;
    const fail = (error: unknown): void => {
      if (!signal.aborted) host.failed(error);
    };
    const expectProgress = (): void => {
      clearTimeout(this._deadline);
      this._deadline = setTimeout(() => {
        const message = `catching up: no event within ${DEADLINE} ms`;
        fail(new ConnectionError(message, { reason: "timeout" }));
      }, DEADLINE);
    };
    const reach = (id: string): void => {
      resumePoint = id;
      // A listener may have closed the source.
      if (signal.aborted) return;
      expectProgress();
      host.reached(id);
    };
    const own: Sink = {
      open: nothing,
      retry: nothing,
      activity: nothing,
      lastEventId: (id) => {
        if (signal.aborted || id === resumePoint) return;
        host.moveTo(id);
        reach(id);
      },
      event: (type, data, meta) => {
        if (signal.aborted) return;
        host.deliver(connection.event(type, data, meta));
        reach(meta.lastEventId);
      },
      unrepeatable: () => {
        sink.unrepeatable?.();
        const message = "missed events, and the request must not be sent again";
        fail(new ConnectionError(message, { reason: "network" }));
      },
    };
    expectProgress();
    callTransport(inner, { ...request, lastEventId, signal }, own).then(() => {
      fail(new ConnectionError("the server ended the stream", { reason: "ended" }));
    }, fail);
  }
}
