import type { TransportEventMeta } from "../transport/transport.ts";

/** An event as it travels from tab to tab. */
export interface RelayedEvent {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
  readonly origin: string;
  /**
   * True if the event has the id of an earlier one, as far as that can be told: then it cannot be a
   * repeat.
   */
  readonly idInherited: boolean;
  /** The {@link RelayedConnection.id} of the connection that delivered it. */
  readonly connection: number;
}

/** The characters of an event: servers may send long names and ids, too. */
export function sizeOf({ type, data, lastEventId, origin }: RelayedEvent): number {
  return type.length + data.length + lastEventId.length + origin.length;
}

/** Returns a random string that is unique across tabs. */
export function uniqueId(): string {
  return String(crypto.getRandomValues(new Uint32Array(4)));
}

/**
 * A connection to the server, as all members know it. Its events may repeat those of other
 * connections, never its own.
 */
export class RelayedConnection {
  /** Unique among all tabs. */
  readonly id = Number(crypto.getRandomValues(new Uint32Array(1)));
  private _previous: string | undefined;

  /** Converts an event of this connection to its relayed form. */
  event(type: string, data: string, meta: TransportEventMeta): RelayedEvent {
    const { lastEventId, origin, idInherited = false } = meta;
    const event = {
      type,
      data,
      lastEventId,
      origin,
      idInherited: idInherited || lastEventId === this._previous,
      connection: this.id,
    };
    this._previous = lastEventId;
    return event;
  }
}
