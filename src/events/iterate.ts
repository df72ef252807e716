import type { ConnectionState } from "../connection/state.ts";
import type { SourceHandle } from "../transport/transport.ts";
import { BRAND } from "../util/brand.ts";
import { BufferedIteration, type Iteration } from "./iteration.ts";
import type { EventName, Payload } from "./lifecycle.ts";
import { onAbort } from "../util/on-abort.ts";
import type { PayloadListener } from "./subscriptions.ts";

/** More events than any transport delivers in one task. */
const DEFAULT_LIMIT = 2 ** 18;

/** Options of `iterate`. */
export interface IterateOptions {
  /**
   * The number of events that may wait for the reader; at least 1. Default 262,144. Infinity: no
   * limit. A reader that falls further behind gets the waiting events, then a RangeError: nothing
   * is lost silently.
   */
  limit?: number | undefined;
  /**
   * Aborting it ends the iteration, as `break` does, without an error. To tell an abort from the
   * end of the stream, call `signal.throwIfAborted()` after the loop. Default none.
   */
  signal?: AbortSignal | undefined;
}

/** An event as an iteration over several names gives it, discriminated by `type`. */
export type IteratedEvent<P extends object, K extends string> = K extends unknown
  ? {
      /** The name of the event. */
      readonly type: K;
      /** The payload. */
      readonly data: Payload<P, K>;
      /** The last event ID as of this event. */
      readonly lastEventId: string;
    }
  : never;

/** The part of a source that `iterate` needs. */
export interface IterableParts<P extends object> {
  /** The current state. */
  readonly state: ConnectionState;
  /** Observes the state, `close()` included. */
  readonly onState: SourceHandle["onState"];
  /** Adds a listener, as `on` of the source does. */
  readonly on: <K extends EventName<P>>(
    name: K,
    listener: PayloadListener<Payload<P, K>>,
  ) => () => void;
}

/** A source whose events can be iterated over. */
export interface IterableSource<P extends object> {
  /** For `iterate` alone. */
  readonly [BRAND]: IterableParts<P>;
}

/**
 * Iterates over the payloads of one event name, or over the events of several names in the order of
 * the stream:
 *
 * ```ts
 * for await (const price of iterate(source, "price")) draw(price);
 * for await (const { type, data } of iterate(source, ["delta", "done"])) …
 * ```
 *
 * Listening starts with the call, and events are buffered for a slower reader. `break` ends it.
 * When the source is closed by `close()`, by a normal end of the stream or because it gives up, the
 * loop first gets the buffered events. Then it ends or, if the source gave up, throws the
 * ConnectionError. Refused payloads are left out.
 *
 * @throws RangeError if `limit` is less than 1.
 */
export function iterate<P extends object, K extends EventName<P>>(
  source: IterableSource<P>,
  name: K,
  options?: IterateOptions,
): Iteration<Payload<P, K>>;
export function iterate<P extends object, K extends EventName<P>>(
  source: IterableSource<P>,
  names: readonly K[],
  options?: IterateOptions,
): Iteration<IteratedEvent<P, K>>;
export function iterate<P extends object>(
  source: IterableSource<P>,
  names: EventName<P> | readonly EventName<P>[],
  { limit = DEFAULT_LIMIT, signal }: IterateOptions = {},
): Iteration<unknown> {
  if (!(limit >= 1)) throw new RangeError(`limit must be a number of at least 1, got ${limit}`);
  const { on, onState, ...initial } = source[BRAND];
  const iteration = new BufferedIteration<unknown>(limit, () => {
    for (const unsubscribe of unsubscribes) unsubscribe();
  });
  let { state } = initial;
  const endIfClosed = (next: ConnectionState): void => {
    state = next;
    if (next.status !== "closed") return;
    // Listeners of `error` run before the microtask, and may call reconnect().
    queueMicrotask(() => {
      if (state === next) iteration._end(next.error);
    });
  };
  const unsubscribes =
    typeof names === "string"
      ? [on(names, (payload) => iteration._push(payload))]
      : [...new Set(names)].map((type) =>
          on(type, (data, { lastEventId }) => iteration._push({ type, data, lastEventId })),
        );
  unsubscribes.push(onState(endIfClosed));
  const stop = (): void => {
    iteration._stop();
  };
  if (signal) unsubscribes.push(onAbort(signal, stop));
  endIfClosed(state);
  if (signal?.aborted) stop();
  return iteration;
}
