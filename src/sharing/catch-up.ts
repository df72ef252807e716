import { ConnectionError } from "../errors.ts";
import type { Sink } from "../transport/transport.ts";
import type { MemberHost } from "./membership.ts";
import { RelayedConnection, type RelayedEvent } from "./relayed.ts";

/** What a catch-up needs from the follower that runs it. No callback is called after `stop()`. */
export interface CatchUpHost {
  /** An event that the follower missed. */
  deliver(event: RelayedEvent): void;
  /** The resume point moved without an event. */
  moveTo(lastEventId: string): void;
  /** The server has delivered everything up to this id. */
  reached(lastEventId: string): void;
  /** The connection failed or ended. */
  failed(error: unknown): void;
}

/**
 * A follower's own connection to the server, for events that the leader's history no longer has.
 */
export class CatchUp {
  private readonly _abort = new AbortController();

  /** Connects, and resumes after `lastEventId`. A transport may call `host` before this returns. */
  start({ inner, request, sink }: MemberHost, lastEventId: string, host: CatchUpHost): void {
    const { signal } = this._abort;
    const connection = new RelayedConnection();
    let resumePoint = lastEventId;
    const nothing = (): void => undefined;
    const reach = (id: string): void => {
      // A listener may have closed the source.
      if (!signal.aborted) host.reached(id);
    };
    const own: Sink = {
      open: nothing,
      retry: nothing,
      activity: () => {
        if (!signal.aborted) sink.activity();
      },
      lastEventId: (id) => {
        if (signal.aborted || id === resumePoint) return;
        resumePoint = id;
        host.moveTo(id);
        reach(id);
      },
      event: (type, data, meta) => {
        if (signal.aborted) return;
        resumePoint = meta.lastEventId;
        host.deliver(connection.event(type, data, meta));
        reach(resumePoint);
      },
    };
    const fail = (error: unknown): void => {
      if (!signal.aborted) host.failed(error);
    };
    const run = async (): Promise<void> => inner({ ...request, lastEventId, signal }, own);
    run().then(() => {
      fail(new ConnectionError("the server ended the stream", { reason: "ended" }));
    }, fail);
  }

  stop(): void {
    this._abort.abort();
  }
}
