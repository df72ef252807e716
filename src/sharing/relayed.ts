import type { TransportEventMeta } from "../transport/transport.ts";

/** An event on its way from tab to tab. */
export interface RelayedEvent {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
  /** Whether it named no id of its own, as far as that can be told: it has the one before it. Then it repeats nothing, wherever one begins to listen. */
  readonly inherited: boolean;
  /** The {@link RelayedConnection.id} of the connection that brought it. */
  readonly connection: number;
}

/** A connection to the server, as members know it: what it brings may repeat what came by others, never what came by itself. */
export class RelayedConnection {
  /** No other one has it, in no tab. */
  readonly id = Number(crypto.getRandomValues(new Uint32Array(1)));
  private _previous: string | undefined;

  /** Makes what it brought fit to travel. */
  event(
    type: string,
    data: string,
    { lastEventId, idInherited: inherited }: TransportEventMeta,
  ): RelayedEvent {
    const event = {
      type,
      data,
      lastEventId,
      inherited: inherited || lastEventId === this._previous,
      connection: this.id,
    };
    this._previous = lastEventId;
    return event;
  }
}
