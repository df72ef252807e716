import type { ConnectionState } from "../connection/state.ts";

/** How many events wait for a slow reader at most, unless told otherwise: more than any transport hands over in one turn. */
const LIMIT = 2 ** 18;

/** Options of `iterate`. */
export interface IterateOptions {
  /**
   * How many events may wait for the reader. Default 262,144; at least 1; Infinity: no bound. A reader that falls further behind gets those that wait,
   * then a RangeError: nothing is lost in silence.
   */
  limit?: number | undefined;
  /** Aborting it ends the iteration, as `break` does. Default none. */
  signal?: AbortSignal | undefined;
}

/** Payloads as they come. An AsyncIterableIterator; that type could not say what it returns before TypeScript 5.6. */
export interface Iteration<T> extends AsyncIterator<T, undefined, undefined> {
  /** Ends the iteration, as `break` does: it stops listening, and what waits for the reader is dropped. */
  return(): Promise<IteratorResult<T, undefined>>;
  /** Ends the iteration likewise, and rejects with `error`. */
  throw(error?: unknown): Promise<IteratorResult<T, undefined>>;
  /** Itself: there is one reader. */
  [Symbol.asyncIterator](): Iteration<T>;
}

/** What an iteration reads from. */
export interface IterationSource<T> {
  /** Calls `listener` with each payload until the function it returned is called. */
  on(listener: (payload: T) => void): () => void;
  /** The current state. */
  readonly state: ConnectionState;
  /** Calls `listener` with every new state until the returned function is called. */
  onState(listener: (state: ConnectionState) => void): () => void;
}

/** A promise from outside: what a reader that is ahead of the events waits for. */
interface Waiting<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Payloads as an async iterable, from now on: it listens at once, so that nothing is missed before the loop begins. `break`, `return()`, `throw()`, the
 * signal and the end of the source end it and settle every pending `next()`. When the source ends, the reader still gets what came before.
 */
export function iterate<T>(
  source: IterationSource<T>,
  { limit = LIMIT, signal }: IterateOptions = {},
): Iteration<T> {
  if (!(limit >= 1)) throw new RangeError(`limit must be a number from 1, got ${limit}`);
  let payloads: T[] = [];
  let read = 0;
  const readers: Waiting<T>[] = [];
  let ended = false;
  let failure: Error | undefined;

  const end = (error?: Error): void => {
    if (ended) return;
    ended = true;
    failure = error;
    leave();
    for (const reader of readers.splice(0)) settle(reader);
  };
  /** Ends at once: what waits is not wanted any more. */
  const stop = (): void => {
    payloads = [];
    failure = undefined;
    end();
  };
  /** For a reader after the last payload. A failure is told once. */
  const settle = ({ resolve, reject }: Waiting<T>): void => {
    if (failure) reject(failure);
    else resolve({ done: true, value: undefined });
    failure = undefined;
  };

  const undo: (() => void)[] = [];
  const leave = (): void => {
    for (const step of undo.splice(0)) step();
  };
  undo.push(
    source.on((value) => {
      const reader = readers.shift();
      if (reader) reader.resolve({ done: false, value });
      else if (payloads.length - read < limit) payloads.push(value);
      else end(new RangeError(`the reader fell ${limit} events behind`));
    }),
  );
  signal?.addEventListener("abort", stop);
  undo.push(() => signal?.removeEventListener("abort", stop));
  let state = source.state;
  undo.push(source.onState((next) => onState((state = next))));
  const onState = (next: ConnectionState): void => {
    if (next.status !== "closed") return;
    // Listeners of `error` run before the microtask, and may call reconnect().
    queueMicrotask(() => {
      if (state === next) end(next.error);
    });
  };
  onState(state);
  if (signal?.aborted) stop();
  // The source may have ended long ago.
  if (ended) leave();

  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (read < payloads.length) {
          resolve({ done: false, value: payloads[read++] as T });
          // Forgotten in bulk: shifting each would move all the others.
          if (read === payloads.length || read > 1024) {
            payloads = payloads.slice(read);
            read = 0;
          }
        } else if (ended) settle({ resolve, reject });
        else readers.push({ resolve, reject });
      }),
    return: () => {
      stop();
      return Promise.resolve({ done: true, value: undefined });
    },
    throw: (error: unknown) => {
      stop();
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever the reader threw
      return Promise.reject(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
