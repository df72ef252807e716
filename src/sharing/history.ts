import type { RelayedEvent } from "./relayed.ts";

/** The most that is kept for followers that join late: events, and characters of all their data. */
const LIMITS = { events: 1000, characters: 2 ** 20 };

/** The latest events of a stream, and its last event ID. */
export class History {
  private readonly _events: RelayedEvent[] = [];
  private _characters = 0;
  /** The last event ID before the first kept event. */
  private _before: string;
  private _lastEventId: string;

  constructor(lastEventId: string) {
    this._before = this._lastEventId = lastEventId;
  }

  /** The id to resume after. */
  get lastEventId(): string {
    return this._lastEventId;
  }

  /** Changes the last event ID without an event. */
  moveTo(lastEventId: string): void {
    this._lastEventId = lastEventId;
    if (!this._events.length) this._before = lastEventId;
  }

  add(event: RelayedEvent): void {
    this._events.push(event);
    this._characters += event.data.length;
    this._lastEventId = event.lastEventId;
    while (
      this._events.length > LIMITS.events ||
      (this._characters > LIMITS.characters && this._events.length > 1)
    ) {
      const dropped = this._events.shift() as RelayedEvent;
      this._characters -= dropped.data.length;
      this._before = dropped.lastEventId;
    }
  }

  /** The events after the one with this id; undefined if the history does not reach back to it. */
  after(lastEventId: string): readonly RelayedEvent[] | undefined {
    if (lastEventId === this._lastEventId) return [];
    for (let at = this._events.length - 1; at >= 0; at--)
      if (this._events[at]?.lastEventId === lastEventId) return this._events.slice(at + 1);
    return lastEventId === this._before ? [...this._events] : undefined;
  }
}
