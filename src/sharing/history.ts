import type { RelayedEvent } from "./relayed.ts";

/** How much is kept for tabs that come late: so many events, of so many characters together. */
const KEPT = { events: 1000, characters: 2 ** 20 };

/** The latest events of a stream, and where in it we are. */
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

  /** Moves on without an event. */
  moveTo(lastEventId: string): void {
    this._lastEventId = lastEventId;
    if (!this._events.length) this._before = lastEventId;
  }

  add(event: RelayedEvent): void {
    this._events.push(event);
    this._characters += event.data.length;
    this._lastEventId = event.lastEventId;
    while (
      this._events.length > KEPT.events ||
      (this._characters > KEPT.characters && this._events.length > 1)
    ) {
      const forgotten = this._events.shift() as RelayedEvent;
      this._characters -= forgotten.data.length;
      this._before = forgotten.lastEventId;
    }
  }

  /** What came after the event with this id; undefined: we do not know. */
  after(lastEventId: string): readonly RelayedEvent[] | undefined {
    if (lastEventId === this._lastEventId) return [];
    for (let at = this._events.length - 1; at >= 0; at--)
      if (this._events[at]?.lastEventId === lastEventId) return this._events.slice(at + 1);
    return lastEventId === this._before ? [...this._events] : undefined;
  }
}
