import { nextTask } from "../../util/next-task.ts";

const LF = 10;
/**
 * How many bytes are decoded in one go: text that is decoded but not delivered yet takes memory.
 */
const PIECE = 2 ** 16;
/** A chunk of at least this many bytes makes a body busy. */
const BUSY = 2 ** 17;
/**
 * The size in bytes of the small buffer. A read that does not fill it makes the body quiet again.
 */
const QUIET = 2 ** 14;
/**
 * The size in bytes of the buffer that a busy body is read into. With half the size, fast streams
 * are 5 % or more slower in Chromium.
 */
const ROOM = 2 ** 20;

/** A part of a body: bytes, or the text that the polyfill hands over. */
export type Chunk = BufferSource | string;

type Result = ReadableStreamReadResult<Chunk>;

/** Reads a body, chunk by chunk. */
export interface BodyReader {
  /** The next chunk, valid until the next `read()`, which may reuse its memory. */
  read(): Promise<Result>;
  cancel(): Promise<void>;
}

/** A reader of the stream itself. A default reader ignores the view. */
interface StreamReader extends BodyReader {
  read(view?: Uint8Array<ArrayBuffer>): Promise<Result>;
  releaseLock(): void;
}

/**
 * Reads whole chunks while a body is quiet, and keeps nothing between them. While it is busy, one
 * large buffer is filled again and again: a fast stream would spend a third of its time on fresh
 * memory. A pending read owns its buffer. So that a silent stream does not hold the large one,
 * reads alternate: the large buffer takes what has arrived, then a small one waits for more.
 * Meanwhile the large one is only weakly held.
 *
 * @param canFill False for the body of a custom `fetch`. It must not be read into a buffer, for two
 * reasons: bytes that do not fit stay in the stream and are lost if it breaks; and a teed stream
 * never ends if its source closes without answering a read into a buffer.
 */
// Long, but one function: it is one reader and its change between two modes.
export function readBody(body: ReadableStream<Chunk>, canFill: boolean): BodyReader {
  let reader: StreamReader = body.getReader();
  /** The size of the buffer for the next read; 0: the stream gives whole chunks. */
  let room = 0;
  /** The latest large buffer, until it is garbage-collected. */
  let latest: { deref(): ArrayBuffer | undefined } | undefined;
  let endRead = (): void => undefined;

  const fillRoom = (): void => {
    try {
      reader.releaseLock();
      const filling = body.getReader({ mode: "byob" });
      reader = filling as StreamReader;
      // A source may close without answering a pending read into a buffer, so `closed` ends it, one
      // task later, after bytes that had already arrived. One handler for all reads: Promise.race
      // would add one per read.
      filling.closed.then(nextTask).then(
        () => {
          endRead();
        },
        () => undefined,
      );
      room = ROOM;
    } catch {
      // No such readers here, no byte stream, or no real ReadableStream.
      canFill = false;
      if ((body as Partial<ReadableStream>).locked === false) reader = body.getReader();
    }
  };
  return {
    async read() {
      const kept = room === ROOM ? latest?.deref() : undefined;
      const view = room ? new Uint8Array(kept ?? new ArrayBuffer(room)) : undefined;
      const result = await new Promise<Result>((resolve, reject) => {
        endRead = () => {
          resolve({ done: true, value: undefined });
        };
        reader.read(view).then(resolve, reject);
      });
      const { value, done } = result;
      // (Text has no length in bytes.)
      const size = (value as Partial<ArrayBuffer> | undefined)?.byteLength ?? 0;
      if (done) return result;
      if (room === ROOM) {
        // The buffer that was handed over is detached: this is the same memory.
        const { buffer: filled } = value as Uint8Array<ArrayBuffer>;
        latest = typeof WeakRef === "function" ? new WeakRef(filled) : { deref: () => filled };
        room = QUIET;
      } else if (room && size === room) room = ROOM;
      else if (room) {
        reader.releaseLock();
        reader = body.getReader();
        latest = undefined;
        room = 0;
      } else if (canFill && size >= BUSY) fillRoom();
      return result;
    },
    cancel: () => reader.cancel(),
  };
}

/**
 * Decodes a chunk in pieces that end at a line end where possible; otherwise the parser has to join
 * half a line with the next piece.
 */
export function* decode(decoder: TextDecoder, chunk: BufferSource): Generator<string> {
  let rest: AllowSharedBufferSource = chunk;
  while (rest instanceof Uint8Array && rest.length > PIECE) {
    const end = rest.subarray(0, PIECE).lastIndexOf(LF) + 1 || PIECE;
    yield decoder.decode(rest.subarray(0, end), { stream: true });
    rest = rest.subarray(end);
  }
  yield decoder.decode(rest, { stream: true });
}
