import { createParser } from "eventsource-parser";
import { ConnectionError } from "../errors.ts";
import type { Sink, StreamPosition } from "./transport.ts";

/** The most characters an unfinished event may have: a stream that never ends its event must not take the page's memory. */
export const LONGEST_EVENT = 16 * 2 ** 20;

/** How many characters are parsed in one go: at least, at first, at most. The time that listeners take decides where in between. */
const SLICE = { min: 256, first: 4096, max: 16_384 };
/** How long (ms) a slice should take, judged by the one before it. */
const SLICE_TIME = 8;

/**
 * The text of one response, turned into calls of a sink. eventsource-parser does the parsing; around it, this cuts the text at blank lines, so that
 * the page can be handed back between two slices, the id of a block without data is seen, and an unfinished event has a bound.
 */
export class EventStream {
  private readonly _sink: Sink;
  private readonly _origin: string;
  private readonly _parser = createParser({
    onEvent: ({ id, event, data }) => {
      if (id !== undefined) this._moveTo(id);
      this._sink.event(event ?? "message", data, this._position);
    },
    onRetry: (ms) => {
      this._sink.retry(ms);
    },
  });
  private _position: StreamPosition;
  /** Whether the position's id may be a cut-out of the text: V8 copies strings shorter than 13. */
  private _pinned = false;
  /** The unfinished event at the end of the text, in the pieces it came in. */
  private _tail: string[] = [];
  private _tailLength = 0;
  private _endedInCr = false;
  /** Whole blocks, from `_start` on not parsed yet. */
  private _blocks = "";
  private _start = 0;
  private _sliceLength = SLICE.first;

  constructor(sink: Sink, lastEventId: string, origin: string) {
    this._sink = sink;
    this._origin = origin;
    this._position = { lastEventId, origin, inherited: true };
    // The parser takes its first text's "ï»¿" for a byte order mark; decoding has removed that already.
    this._parser.feed("");
  }

  /**
   * Takes the next text; `next` must have returned false before.
   *
   * @throws ConnectionError when an event becomes longer than LONGEST_EVENT.
   */
  feed(chunk: string): void {
    if (!chunk) return;
    let text = this._endedInCr && chunk.startsWith("\n") ? chunk.slice(1) : chunk;
    this._endedInCr = chunk.endsWith("\r");
    // Lines end in CRLF, LF or CR. The parser would hold a CR back until it knows what follows; the blank line has come, though.
    if (text.includes("\r")) text = text.replace(/\r\n?/g, "\n");

    let end = text.lastIndexOf("\n\n") + 2;
    if (end < 2) end = text.startsWith("\n") && (this._tail[this._tail.length - 1] ?? "\n").endsWith("\n") ? 1 : 0;
    if (end) {
      this._blocks = this._tail.join("") + text.slice(0, end);
      this._start = 0;
      this._tail = [];
      this._tailLength = 0;
    }
    if (end === text.length) return;
    this._tail.push(text.slice(end));
    this._tailLength += text.length - end;
    if (this._tailLength > LONGEST_EVENT) {
      throw new ConnectionError(`the server sent an event of more than ${LONGEST_EVENT} characters`, { reason: "unsupported" });
    }
  }

  /** Parses the next slice of what was fed, delivers its events, and says whether there is more. */
  next(): boolean {
    const blocks = this._blocks;
    if (this._start < blocks.length) {
      const began = performance.now();
      const found = blocks.indexOf("\n\n", this._start + this._sliceLength);
      const end = found < 0 ? blocks.length : found + 2;
      this._parse(this._start || end < blocks.length ? blocks.slice(this._start, end) : blocks);
      const length = end - this._start;
      const fitting = (length * SLICE_TIME) / (performance.now() - began);
      // A quick but short slice says little: what grows is at most twice what has been tried.
      this._sliceLength = Math.max(SLICE.min, Math.min(SLICE.max, fitting, Math.max(this._sliceLength, 2 * length)));
      this._start = end;
      if (end < blocks.length) return true;
    }
    this._blocks = "";
    this._start = 0;
    this._unpin();
    return false;
  }

  private _parse(blocks: string): void {
    if (!hidesId(blocks)) {
      this._parser.feed(blocks);
      return;
    }
    for (const block of blocks.split("\n\n")) {
      this._parser.feed(block + "\n\n");
      const id = hasData(block) ? undefined : idOf(block);
      if (id !== undefined) this._sink.position(this._moveTo(id));
    }
  }

  private _moveTo(lastEventId: string): StreamPosition {
    this._pinned = lastEventId.length > 12;
    return (this._position = { lastEventId, origin: this._origin });
  }

  /** A string cut out of a text keeps the whole text in memory. What outlives the text, the id, must not. */
  private _unpin(): void {
    if (!this._pinned) return;
    this._sink.position(this._moveTo(JSON.parse(JSON.stringify(this._position.lastEventId)) as string));
    this._pinned = false;
  }
}

/**
 * Whether a block has an id but no data. "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string and
 * return" comes after the last event ID was set: such a block moves the resume point, and the parser does not tell of it.
 *
 * It looks for lines: a search for "id:" would stop at every "i" of the data, which took several times as long as parsing.
 */
function hidesId(blocks: string): boolean {
  let at = blocks.startsWith("id") ? 0 : blocks.indexOf("\nid");
  while (at >= 0) {
    const next = blocks.indexOf("\n", at + 1) + 1;
    // The usual order of lines is seen without looking at the whole block.
    if (!blocks.startsWith("data:", next)) {
      const before = blocks.lastIndexOf("\n\n", at);
      if (!hasData(blocks.slice(before < 0 ? 0 : before + 2, blocks.indexOf("\n\n", next - 1)))) return true;
    }
    at = blocks.indexOf("\nid", next - 1);
  }
  return false;
}

const hasData = (block: string): boolean => /(^|\n)data(:|\n|$)/.test(block);

/** The id that a block sets; undefined: none. */
function idOf(block: string): string | undefined {
  let id: string | undefined;
  for (const line of block.split("\n")) {
    const value = line === "id" ? "" : line.startsWith("id:") ? line.slice(line[3] === " " ? 4 : 3) : "\0";
    // "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value. Otherwise, ignore the field."
    if (!value.includes("\0")) id = value;
  }
  return id;
}
