import { sizeOf, type RelayedEvent } from "./relayed.ts";

/** The most that is kept for followers that join late: events, and characters in all of them. */
const LIMITS = { events: 1000, characters: 2 ** 20 };

/** The latest events of a stream, and its last event ID. */
export class History {
  private readonly _events: RelayedEvent[] = [];
  private readonly _sticky = new Map<string, RelayedEvent>();
  private readonly _stickyNames: readonly string[];
  private _characters = 0;
  /** The last event ID before the first kept event. */
  private _before: string;
  private _lastEventId: string;

  /**
   * @param lastEventId The id after which the history begins; "" if there is none.
   * @param stickyNames The names whose latest event is kept for as long as the history.
   */
  constructor(lastEventId: string, stickyNames: readonly string[] = []) {
    this._before = this._lastEventId = lastEventId;
    this._stickyNames = stickyNames;
  }

  /** The id to resume after. */
  get lastEventId(): string {
    return this._lastEventId;
  }

  /** The latest event of each sticky name. */
  get sticky(): readonly RelayedEvent[] {
    return [...this._sticky.values()];
  }

  /** Changes the last event ID without an event. */
  moveTo(lastEventId: string): void {
    this._lastEventId = lastEventId;
    if (!this._events.length) this._before = lastEventId;
  }

  add(event: RelayedEvent): void {
    this._events.push(event);
    this._characters += sizeOf(event);
    this._lastEventId = event.lastEventId;
    this.addSticky(event);
    while (
      this._events.length > LIMITS.events ||
      (this._characters > LIMITS.characters && this._events.length > 1)
    ) {
      const dropped = this._events.shift() as RelayedEvent;
      this._characters -= sizeOf(dropped);
      this._before = dropped.lastEventId;
    }
  }

  /** Keeps an event if its name is sticky. Returns false if the event is kept already. */
  addSticky(event: RelayedEvent): boolean {
    const { type, lastEventId, data, connection } = event;
    const kept = this._sticky.get(type);
    if (this._stickyNames.includes(type)) this._sticky.set(type, event);
    return (
      kept?.data !== data || kept.lastEventId !== lastEventId || kept.connection !== connection
    );
  }

  /** Returns true if it has this very event, and not only one with the same id. */
  has({ type, data, lastEventId, connection }: RelayedEvent): boolean {
    return this._events.some(
      (kept) =>
        kept.lastEventId === lastEventId &&
        kept.connection === connection &&
        kept.type === type &&
        kept.data === data,
    );
  }

  /** The events after the one with this id; undefined if the history does not reach back to it. */
  after(lastEventId: string): readonly RelayedEvent[] | undefined {
    if (lastEventId === this._lastEventId) return [];
    for (let at = this._events.length - 1; at >= 0; at--)
      if (this._events[at]?.lastEventId === lastEventId) return this._events.slice(at + 1);
    return lastEventId === this._before ? [...this._events] : undefined;
  }
}
