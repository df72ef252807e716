import { ConnectionError } from "../../errors.ts";
import { copyString } from "../../util/copy-string.ts";
import { isSendable } from "../resume.ts";
import type { Sink, TransportEventMeta } from "../transport.ts";

/** The most that is kept of an unfinished event between two chunks, in characters. */
export const LONGEST_EVENT = 16 * 2 ** 20;
/** How many characters a kept piece counts for in addition to its own: strings have headers. */
const PIECE_OVERHEAD = 64;

const LF = 10;
const SPACE = 32;
const COLON = 58;

/** A pull parser: it is fed with the text of one response and asked for one event at a time. */
export interface EventStreamParser {
  /** Takes the next text, of any length; `next` must have returned false before. */
  readonly feed: (text: string) => void;
  /**
   * Delivers the next event, and what comes before it. Returns false if more text is needed.
   *
   * @throws ConnectionError when more than LONGEST_EVENT is to be kept of an unfinished event
   */
  readonly next: () => boolean;
}

/**
 * Creates a parser of event streams. The sentences in quotation marks are the standard's.
 *
 * This file, event-stream.ts, the sink in attempt.ts and dispatcher.ts are the path of every event,
 * and are written for V8:
 * - Closures, not classes. Optimized code of methods is bound to the hidden class of their objects,
 *   and was lost several times in the life of a page (events then took two to five times as long).
 * - Events are delivered as arguments: to store new strings in an old object costs more.
 * - "data:" and "id:" are compared by character codes: `startsWith` costs 40 ns a line.
 * - The position of "no line end" is `text.length`, not Infinity, which is not a small integer.
 *
 * @param sink Takes events, reconnection times, and ids that come without an event
 * @param lastEventId The last event ID before the first event
 * @param origin The origin of the stream
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function createParser(
  sink: Pick<Sink, "event" | "lastEventId" | "retry">,
  lastEventId: string,
  origin: string,
): EventStreamParser {
  // Called unbound.
  const { event: deliver } = sink;
  // The byte order mark is not ours: decoding has removed the one that may be there.
  let text = "";
  let at = 0;
  /** The next LF and the next CR; text.length if there are none. No text is searched twice. */
  let nextLf = -1;
  let nextCr = -1;
  let endedWithCr = false;

  let meta: TransportEventMeta = { lastEventId, origin, idInherited: true };
  /** True while neither an event nor a call of its own has told the sink the last event ID. */
  let hasMoved = false;
  // "When a stream is parsed, a data buffer, an event type buffer, and a last event ID buffer must
  // be associated with it."
  let data: string | undefined;
  let type = "";
  let id: string | undefined;

  /** The data buffer and the unfinished line as they were at the end of the previous chunk. */
  let keptData: string | undefined;
  let keptLine = "";
  /** The memory that these two take, in characters. */
  let keptDataSize = 0;
  let keptLineSize = 0;

  const processLine = (source: string, start: number, end: number): void => {
    const first = source.charCodeAt(start);
    // "If the line starts with a U+003A COLON character (:): Ignore the line."
    if (first === COLON) return;
    // The two fields that come most often; processField would do the same.
    if (
      first === 100 &&
      source.charCodeAt(start + 1) === 97 &&
      source.charCodeAt(start + 2) === 116 &&
      source.charCodeAt(start + 3) === 97 &&
      source.charCodeAt(start + 4) === COLON
    ) {
      addData(valueAfter(source, start + 4, end));
    } else if (
      first === 105 &&
      source.charCodeAt(start + 1) === 100 &&
      source.charCodeAt(start + 2) === COLON
    ) {
      setId(valueAfter(source, start + 2, end));
    } else processField(source.slice(start, end));
  };

  const processField = (line: string): void => {
    // "Collect the characters on the line before the first U+003A COLON character (:), and let
    // field be that string." Without a colon: "using the whole line as the field name, and the
    // empty string as the field value".
    const colon = find(line, ":", 0);
    const field = line.slice(0, colon);
    const value = valueAfter(line, colon, line.length);
    switch (field) {
      case "event":
        // "Set the event type buffer to the field value."
        type = copyString(value);
        break;
      case "data":
        addData(value);
        break;
      case "id":
        setId(value);
        break;
      case "retry":
        // "If the field value consists of only ASCII digits, then interpret the field value as an
        // integer in base ten".
        if (/^[0-9]+$/.test(value)) sink.retry(parseInt(value, 10));
      // "Otherwise: The field is ignored."
    }
  };

  const addData = (value: string): void => {
    // "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF)
    // character to the data buffer." The last one is removed before dispatch, so it never comes.
    data = data === undefined ? value : `${data}\n${value}`;
  };

  const setId = (value: string): void => {
    // "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the
    // field value." We deviate: an id that could not be sent back is ignored, too.
    if (isSendable(value)) id = copyString(value);
  };

  /** Delivers the event of a block. Returns false if the block is not an event. */
  const endBlock = (): boolean => {
    // "Set the last event ID string of the event source to the value of the last event ID buffer."
    if (id !== undefined) {
      meta = { lastEventId: id, origin };
      hasMoved = true;
      id = undefined;
    }
    const all = keptDataSize ? joinLines(keptData, data) : data;
    // "If the event type buffer has a value other than the empty string, change the type of the
    // newly created event to equal the value of the event type buffer."
    const name = type || "message";
    // "Set the data buffer and the event type buffer to the empty string."
    data = keptData = undefined;
    keptDataSize = 0;
    type = "";
    // "If the data buffer is an empty string, […] return."
    if (all === undefined) return false;
    hasMoved = false;
    deliver(name, all, meta);
    return true;
  };

  /** The chunk is read: keeps what is unfinished, and nothing else of it. */
  const endChunk = (): void => {
    if (data !== undefined) {
      keptData = joinLines(keptData, copyString(data));
      keptDataSize += data.length + PIECE_OVERHEAD;
      data = undefined;
    }
    const rest = text.length - at;
    // Of a comment, nothing more has to be known.
    if (rest > 0 && !keptLine && text.charCodeAt(at) === COLON) keptLine = ":";
    else if (rest > 0 && keptLine !== ":") {
      keptLine += copyString(text.slice(at));
      keptLineSize += rest + PIECE_OVERHEAD;
    }
    text = "";
    at = 0;
    if (hasMoved) {
      hasMoved = false;
      sink.lastEventId(meta.lastEventId, origin);
    }
    if (keptDataSize + keptLineSize + type.length + (id ?? "").length > LONGEST_EVENT)
      throw new ConnectionError(
        `the server sent an event of more than ${LONGEST_EVENT} characters`,
        { reason: "unsupported" },
      );
  };

  return {
    feed(next) {
      if (!next) return;
      text = next;
      at = endedWithCr && text.charCodeAt(0) === LF ? 1 : 0;
      endedWithCr = false;
      nextLf = nextCr = -1;
    },

    next() {
      while (at < text.length) {
        // Lines end with "a U+000D CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair, a
        // single U+000A LINE FEED (LF) character not preceded by a U+000D CARRIAGE RETURN (CR)
        // character, and a single U+000D CARRIAGE RETURN (CR) character not followed by a U+000A
        // LINE FEED (LF) character". A CR ends its line at once, wherever the LF is.
        const start = at;
        if (keptLine || text.charCodeAt(start) !== LF) {
          if (nextLf < start) nextLf = find(text, "\n", start);
          if (nextCr < start) nextCr = find(text, "\r", start);
          const end = nextLf < nextCr ? nextLf : nextCr;
          if (end === text.length) break;
          at = end + 1;
          if (end === nextCr) {
            if (text.charCodeAt(at) === LF) at++;
            else endedWithCr = at === text.length;
          }
          if (keptLine) {
            const line = keptLine + text.slice(start, end);
            keptLine = "";
            keptLineSize = 0;
            processLine(line, 0, line.length);
            continue;
          }
          if (end > start) {
            processLine(text, start, end);
            continue;
          }
        } else at++;
        // "If the line is empty (a blank line): Dispatch the event".
        if (endBlock()) return true;
      }
      if (text) endChunk();
      return false;
    },
  };
}

/** The next position of a character; the length of the text if there is none. */
function find(text: string, character: string, from: number): number {
  const at = text.indexOf(character, from);
  return at < 0 ? text.length : at;
}

function valueAfter(line: string, colon: number, end: number): string {
  // "Collect the characters on the line after the first U+003A COLON character (:), and let value
  // be that string. If value starts with a U+0020 SPACE character, remove it from value."
  return line.slice(line.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1, end);
}

function joinLines(lines: string | undefined, more: string | undefined): string | undefined {
  if (lines === undefined) return more;
  return more === undefined ? lines : `${lines}\n${more}`;
}
