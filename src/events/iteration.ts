/**
 * Values of a stream as they arrive. It is an AsyncIterableIterator; before TypeScript 5.6 that
 * type could not state the type of the result.
 */
export interface Iteration<T> extends AsyncIterator<T, undefined, undefined> {
  /** Ends the iteration, as `break` does: it stops listening and discards buffered values. */
  return(): Promise<IteratorResult<T, undefined>>;
  /** Ends the iteration in the same way, and rejects with `error`. */
  throw(error?: unknown): Promise<IteratorResult<T, undefined>>;
  /** Returns the iteration itself: all loops over it share its values. */
  [Symbol.asyncIterator](): Iteration<T>;
}

/** A call of `next()` that waits for a value. */
interface PendingRead<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Values already read are removed from the buffer in bulk; shifting one at a time would move the
 * rest.
 */
const BULK = 1024;

/** An iteration with a buffer between the stream, which pushes values, and a slower reader. */
export class BufferedIteration<T> implements Iteration<T> {
  private _buffer: T[] = [];
  /** The number of values in the buffer that were read already. */
  private _readCount = 0;
  private readonly _pendingReads: PendingRead<T>[] = [];
  private _ended = false;
  private _error: Error | undefined;
  private readonly _limit: number;
  private readonly _onEnd: () => void;

  /**
   * @param limit The most values that may wait for the reader.
   * @param onEnd Called once, when the iteration ends.
   */
  constructor(limit: number, onEnd: () => void) {
    this._limit = limit;
    this._onEnd = onEnd;
  }

  /** Adds a value. Ends the iteration with a RangeError if the reader is too far behind. */
  _push(value: T): void {
    const read = this._pendingReads.shift();
    if (read) read.resolve({ done: false, value });
    else if (this._buffer.length - this._readCount < this._limit) this._buffer.push(value);
    else this._end(new RangeError(`the reader fell ${this._limit} events behind`));
  }

  /** Ends the iteration after the values that are buffered; with an error if one is given. */
  _end(error?: Error): void {
    if (this._ended) return;
    this._ended = true;
    this._error = error;
    this._onEnd();
    for (const read of this._pendingReads.splice(0)) this._settle(read);
  }

  /** Ends the iteration at once. */
  _stop(): void {
    this._buffer = [];
    this._readCount = 0;
    this._error = undefined;
    this._end();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      if (this._readCount < this._buffer.length) {
        resolve({ done: false, value: this._buffer[this._readCount++] as T });
        if (this._readCount === this._buffer.length || this._readCount > BULK) {
          this._buffer = this._buffer.slice(this._readCount);
          this._readCount = 0;
        }
      } else if (this._ended) this._settle({ resolve, reject });
      else this._pendingReads.push({ resolve, reject });
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this._stop();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error?: unknown): Promise<IteratorResult<T, undefined>> {
    this._stop();
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the caller's own
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Answers a read after the last value. Only the first such read rejects. */
  private _settle({ resolve, reject }: PendingRead<T>): void {
    if (this._error) reject(this._error);
    else resolve({ done: true, value: undefined });
    this._error = undefined;
  }
}
