import type { Sink } from "../transport.ts";
import { createParser } from "./parser.ts";

/** How long (ms) events are delivered before the page gets its turn: users feel tasks of 50 ms. */
const TURN = 12;
/** The most events between two looks at the clock: a listener may slow down. */
const LONGEST_STRIDE = 64;
/** How long (ms) the events between two looks at the clock may take. */
const STRIDE_TIME = 1;

/** The text of one response on its way to a sink. */
export interface EventStream {
  /** Takes the next text; `next` must have returned false before. */
  readonly feed: (text: string) => void;
  /**
   * Delivers the events of the text. True: this turn is over, and there may be more events; call it
   * again when the page has had its turn.
   *
   * @throws ConnectionError when an event is longer than LONGEST_EVENT
   */
  next(): boolean;
}

/**
 * Turns the text of one response into calls of a sink, and stops between two events when it is the
 * page's turn. Written for speed: see parser.ts.
 */
export function createEventStream(sink: Sink, lastEventId: string, origin: string): EventStream {
  const parser = createParser(sink, lastEventId, origin);
  /** How much of this turn is used up, in milliseconds, up to the latest look at the clock. */
  let used = 0;
  let lookedAt = 0;
  let stride = 1;
  let untilLook = 1;

  const isTurnOver = (): boolean => {
    const now = performance.now();
    const took = now - lookedAt;
    lookedAt = now;
    used += took;
    const fitting = Math.floor((stride * STRIDE_TIME) / took);
    untilLook = stride = Math.max(1, Math.min(LONGEST_STRIDE, fitting, 2 * stride));
    return used > TURN;
  };

  return {
    feed: parser.feed,
    next() {
      lookedAt = performance.now();
      while (parser.next()) {
        if (--untilLook <= 0 && isTurnOver()) {
          used = 0;
          return true;
        }
      }
      // The page gets its turn between two chunks, too, but perhaps not long enough.
      used += performance.now() - lookedAt;
      return false;
    },
  };
}
