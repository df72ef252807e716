import { createParser } from "eventsource-parser";
import { ConnectionError } from "../../errors.ts";
import type { Sink, TransportEventMeta } from "../transport.ts";

/** The most characters an unfinished event may have: a stream that never ends its event must not take the page's memory. */
export const LONGEST_EVENT = 16 * 2 ** 20;

/** How long (ms) events are delivered before the page gets its turn: a task of 50 ms is what users begin to feel. */
const TURN = 12;
/** How many events at most are delivered between two looks at the clock. What listeners take decides how many; this is for one that slows down. */
const LONGEST_STRIDE = 64;
/** How long (ms) a stride may take. */
const STRIDE_TIME = 1;
/** How many characters are parsed in one go: what is parsed and not delivered yet takes memory. */
const SLICE = 2 ** 16;

/** What was parsed when the time was up. Without a type it moves the resume point only. */
interface LateEvent {
  readonly type?: string;
  readonly data: string;
  readonly meta: TransportEventMeta;
}

/** The text of one response on its way to a sink. */
export interface EventStream {
  /** Takes the next text; `next` must have returned false before. */
  feed(text: string): void;
  /**
   * Parses and delivers what was fed. True: this turn is over and there is more; call it again when the page has had its own.
   *
   * @throws ConnectionError when an event becomes longer than LONGEST_EVENT.
   */
  next(): boolean;
}

/**
 * Turns the text of one response into calls of a sink. eventsource-parser does the parsing; this adds the last event ID, and hands the page back in
 * time: what was parsed and is late waits in a queue.
 *
 * Closures, not a class: the machine code of a method is thrown away with the last instance, and made anew for the next connection.
 */
export function createEventStream(sink: Sink, lastEventId: string, origin: string): EventStream {
  // Called unbound, for speed.
  const { event: deliver } = sink;
  let meta: TransportEventMeta = { lastEventId, origin, idInherited: true };
  /** Whether an id has come without an event, so far: such a block moves the resume point. */
  let moved = false;
  let isTooLong = false;
  /** What `next` has to parse, from `start` on. */
  let text = "";
  let start = 0;
  /** Parsed, but not delivered in time; from `served` on still to come. */
  let late: LateEvent[] = [];
  let served = 0;
  let isLate = false;
  /** How much of this turn is used up, in milliseconds, before the latest look at the clock. */
  let used = 0;
  let lookedAt = 0;
  let stride = 1;
  let untilLook = 1;

  const look = (): void => {
    const now = performance.now();
    const took = now - lookedAt;
    lookedAt = now;
    used += took;
    isLate = used > TURN;
    const fitting = Math.floor((stride * STRIDE_TIME) / took);
    untilLook = stride = Math.max(1, Math.min(LONGEST_STRIDE, fitting, 2 * stride));
  };

  const parser = createParser({
    maxBufferSize: LONGEST_EVENT,
    onId: (id) => {
      meta = { lastEventId: id, origin };
      moved = true;
    },
    onEvent: ({ event = "message", data }) => {
      moved = false;
      if (isLate) {
        late.push({ type: event, data, meta });
        return;
      }
      deliver(event, data, meta);
      if (--untilLook <= 0) look();
    },
    onRetry: (ms) => {
      sink.retry(ms);
    },
    onError: ({ type }) => {
      if (type === "max-buffer-size-exceeded") isTooLong = true;
    },
  });
  // The parser would take a byte order mark away, which decoding has done already: a second one is text. A blank line ends its wait for one.
  parser.feed("\n");

  const parse = (): void => {
    const end = start + SLICE;
    const slice = text.length > SLICE ? text.slice(start, end) : text;
    start = end;
    moved = false;
    parser.feed(slice);
    if (!moved) return;
    if (isLate) late.push({ data: "", meta });
    else sink.lastEventId(meta.lastEventId);
  };

  const serve = ({ type, data, meta }: LateEvent): void => {
    if (type === undefined) sink.lastEventId(meta.lastEventId);
    else {
      deliver(type, data, meta);
      if (--untilLook <= 0) look();
    }
  };

  /** A string cut out of a text keeps the whole text in memory (V8 copies those shorter than 13). What outlives the text, the id, must not. */
  const unpin = (): void => {
    if (meta.idInherited || meta.lastEventId.length < 13) return;
    meta = { lastEventId: JSON.parse(JSON.stringify(meta.lastEventId)) as string, origin };
    sink.lastEventId(meta.lastEventId);
  };

  return {
    feed(next) {
      text = next;
      start = 0;
    },
    next() {
      lookedAt = performance.now();
      while (!isLate && served < late.length) serve(late[served++] as LateEvent);
      if (!isLate) {
        late = [];
        served = 0;
      }
      while (!isLate && !isTooLong && start < text.length) parse();
      if (isLate) {
        isLate = false;
        used = 0;
        return true;
      }
      if (isTooLong) {
        throw new ConnectionError(
          `the server sent an event of more than ${LONGEST_EVENT} characters`,
          { reason: "unsupported" },
        );
      }
      // A quiet stream need not give back what it has not taken.
      used += performance.now() - lookedAt;
      text = "";
      unpin();
      return false;
    },
  };
}
