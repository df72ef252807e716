import type { TransportEventMeta } from "../transport/transport.ts";

/**
 * Remembers the latest event ids and the connection that delivered each. An event is never a repeat
 * of one from the same connection: servers may give several events one id, and an event without an
 * id has the id of the event before it.
 *
 * For the same reason, only the first of several successive events with a repeated id is dropped.
 * The others may never have been delivered, and twice is better than never.
 */
export class RecentIds {
  /** Connection numbers by id, in the order of delivery, so that the oldest comes first. */
  private readonly _connectionById = new Map<string, number>();
  private readonly _limit: number;
  private _connection = 0;
  /**
   * The latest number given to a connection that its transport did not number. It is negative, so
   * that it never equals a number from a transport.
   */
  private _count = 0;
  private _previousId: string | undefined;

  constructor(limit: number) {
    this._limit = limit;
  }

  /** Another connection begins, or an earlier one continues if its number is known. */
  connect(connection = --this._count): void {
    this._connection = connection;
    this._previousId = undefined;
  }

  /** Returns true if an earlier connection delivered an event with this id. Records the id. */
  isRepeat({ lastEventId, idInherited }: TransportEventMeta): boolean {
    if (!lastEventId || idInherited || lastEventId === this._previousId) return false;
    this._previousId = lastEventId;
    const deliveredBy = this._connectionById.get(lastEventId);
    this._connectionById.delete(lastEventId);
    this._connectionById.set(lastEventId, deliveredBy ?? this._connection);
    if (this._connectionById.size > this._limit)
      this._connectionById.delete(this._connectionById.keys().next().value as string);
    return deliveredBy !== undefined && deliveredBy !== this._connection;
  }
}
