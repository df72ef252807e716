import { createParser } from "eventsource-parser";
import { ConnectionError } from "../errors.ts";
import type { Sink, StreamPosition } from "./transport.ts";

/** The most characters an unfinished event may have: a stream that never ends its event must not take the page's memory. */
export const LONGEST_EVENT = 16 * 2 ** 20;

/** How long (ms) events are delivered before the page gets its turn: a task of 50 ms is what users begin to feel. */
const TURN = 12;
/** How many events at most are delivered between two looks at the clock. What listeners take decides how many; this is for one that slows down. */
const LONGEST_STRIDE = 64;
/** How long (ms) a stride may take. */
const STRIDE_TIME = 1;
/** How many characters are parsed in one go: what is parsed and not delivered yet takes memory. */
const SLICE = 2 ** 18;

/** What was parsed when the time was up. Without a type it moves the resume point only. */
interface LateEvent {
  readonly type?: string;
  readonly data: string;
  readonly position: StreamPosition;
}

/**
 * The text of one response, turned into calls of a sink. eventsource-parser does the parsing; this adds the last event ID, and hands the page back in
 * time: what was parsed and is late waits in a queue.
 */
export class EventStream {
  private readonly _parser = createParser({
    maxBufferSize: LONGEST_EVENT,
    onId: (lastEventId) => {
      this._position = { lastEventId, origin: this._origin };
      this._moved = true;
    },
    onEvent: ({ event, data }) => {
      this._moved = false;
      if (this._isLate) {
        this._late.push({ type: event ?? "message", data, position: this._position });
        return;
      }
      this._sink.event(event ?? "message", data, this._position);
      if (--this._untilLook <= 0) this._look();
    },
    onRetry: (ms) => {
      this._sink.retry(ms);
    },
    onError: ({ type }) => {
      if (type === "max-buffer-size-exceeded") this._isTooLong = true;
    },
  });
  private readonly _sink: Sink;
  private readonly _origin: string;
  private _position: StreamPosition;
  /** Whether an id has come without an event, so far: such a block moves the resume point. */
  private _moved = false;
  private _isTooLong = false;
  /** What `next` has to parse, from `_start` on. */
  private _text = "";
  private _start = 0;
  /** Parsed, but not delivered in time; from `_served` on still to come. */
  private _late: LateEvent[] = [];
  private _served = 0;
  private _isLate = false;
  /** How much of this turn is used up, in milliseconds, before the latest look at the clock. */
  private _used = 0;
  private _lookedAt = 0;
  private _stride = 1;
  private _untilLook = 1;

  constructor(sink: Sink, lastEventId: string, origin: string) {
    this._sink = sink;
    this._origin = origin;
    this._position = { lastEventId, origin, inherited: true };
    // The parser would take a byte order mark away, which decoding has done already: a second one is text. A blank line ends its wait for one.
    this._parser.feed("\n");
  }

  /** Takes the next text; `next` must have returned false before. */
  feed(text: string): void {
    this._text = text;
    this._start = 0;
  }

  /**
   * Parses and delivers what was fed. True: this turn is over and there is more; call it again when the page has had its own.
   *
   * @throws ConnectionError when an event becomes longer than LONGEST_EVENT.
   */
  next(): boolean {
    this._lookedAt = performance.now();
    while (!this._isLate && this._served < this._late.length) this._serve(this._late[this._served++] as LateEvent);
    if (!this._isLate) {
      this._late = [];
      this._served = 0;
    }
    while (!this._isLate && !this._isTooLong && this._start < this._text.length) this._parse();
    if (this._isLate) {
      this._isLate = false;
      this._used = 0;
      return true;
    }
    if (this._isTooLong) {
      throw new ConnectionError(`the server sent an event of more than ${LONGEST_EVENT} characters`, { reason: "unsupported" });
    }
    // A quiet stream need not give back what it has not taken.
    this._used += performance.now() - this._lookedAt;
    this._text = "";
    this._unpin();
    return false;
  }

  private _parse(): void {
    const text = this._text;
    const end = this._start + SLICE;
    const slice = text.length > SLICE ? text.slice(this._start, end) : text;
    this._start = end;
    this._moved = false;
    this._parser.feed(slice);
    if (!this._moved) return;
    if (this._isLate) this._late.push({ data: "", position: this._position });
    else this._sink.position(this._position);
  }

  private _serve({ type, data, position }: LateEvent): void {
    if (type === undefined) this._sink.position(position);
    else {
      this._sink.event(type, data, position);
      if (--this._untilLook <= 0) this._look();
    }
  }

  private _look(): void {
    const now = performance.now();
    const took = now - this._lookedAt;
    this._lookedAt = now;
    this._used += took;
    this._isLate = this._used > TURN;
    const fitting = Math.floor((this._stride * STRIDE_TIME) / took);
    this._untilLook = this._stride = Math.max(1, Math.min(LONGEST_STRIDE, fitting, 2 * this._stride));
  }

  /** A string cut out of a text keeps the whole text in memory (V8 copies those shorter than 13). What outlives the text, the id, must not. */
  private _unpin(): void {
    const { lastEventId, inherited } = this._position;
    if (inherited || lastEventId.length < 13) return;
    this._position = { lastEventId: JSON.parse(JSON.stringify(lastEventId)) as string, origin: this._origin };
    this._sink.position(this._position);
  }
}
