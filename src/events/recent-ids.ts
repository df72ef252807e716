import type { TransportEventMeta } from "../transport/transport.ts";

/**
 * Remembers the latest event ids and which connection delivered them. Within one connection nothing is a repeat: servers may give several events one
 * id, and an event without an id has that of the event before it.
 */
export class RecentIds {
  /** In the order of delivery: a Map keeps it, and forgets from its front. */
  private readonly _ids = new Map<string, number>();
  private readonly _limit: number;
  private _connection = 0;
  /** For connections without a number of their own: below 0, so that it is none of theirs. */
  private _count = 0;
  private _previous: string | undefined;

  constructor(limit: number) {
    this._limit = limit;
  }

  /** Another connection begins; or continues, if its number has been given before. */
  connect(connection = --this._count): void {
    this._connection = connection;
    this._previous = undefined;
  }

  /** Whether an earlier connection delivered an event with this id; notes that this one has now. */
  isRepeat({ lastEventId, idInherited }: TransportEventMeta): boolean {
    if (!lastEventId || idInherited || lastEventId === this._previous) return false;
    this._previous = lastEventId;
    const deliveredBy = this._ids.get(lastEventId);
    this._ids.delete(lastEventId);
    this._ids.set(lastEventId, deliveredBy ?? this._connection);
    if (this._ids.size > this._limit) this._ids.delete(this._ids.keys().next().value as string);
    return deliveredBy !== undefined && deliveredBy !== this._connection;
  }
}
