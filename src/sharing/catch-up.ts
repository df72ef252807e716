import { ConnectionError } from "../errors.ts";
import type { Sink } from "../transport/transport.ts";
import type { MemberHost } from "./membership.ts";
import { RelayedConnection, type RelayedEvent } from "./relayed.ts";

/** A catch-up that makes no progress for so long (ms) fails. */
const DEADLINE = 15_000;

/** What a catch-up needs from the follower that runs it. No callback is called after `stop()`. */
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
 * The leader's signs of life say nothing about it, so it has a deadline of its own. It sends no
 * request that the leader must not repeat.
 */
export class CatchUp {
  private readonly _abort = new AbortController();
  private _deadline: ReturnType<typeof setTimeout> | undefined;

  /** Connects, and resumes after `lastEventId`. A transport may call `host` before this returns. */
  start({ inner, request, sink }: MemberHost, lastEventId: string, host: CatchUpHost): void {
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
    const nothing = (): void => undefined;
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
    const run = async (): Promise<void> => inner({ ...request, lastEventId, signal }, own);
    run().then(() => {
      fail(new ConnectionError("the server ended the stream", { reason: "ended" }));
    }, fail);
  }

  stop(): void {
    clearTimeout(this._deadline);
    this._abort.abort();
  }
}
