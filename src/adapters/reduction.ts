import type { EventName, Payload } from "../events/lifecycle.ts";
import type { ResilientEventSource } from "../resilient-eventsource.ts";
import { nextFrame } from "../util/next-frame.ts";

/**
 * Functions by event name that make the next state from the state and a payload.
 *
 * A conditional type, so that `S` is inferred from the first state alone, as with `NoInfer`, which
 * needs TypeScript 5.4.
 */
export type Reducers<P extends object, S> = [S] extends [unknown]
  ? { readonly [K in EventName<P>]?: ((state: S, payload: Payload<P, K>) => S) | undefined }
  : never;

type Reducer<S> = (state: S, payload: unknown) => S;

/**
 * Reduces the events of a source to a state. A reducer runs once for each event.
 *
 * @param getReducers Returns the reducers to use now; only those of `names` are called.
 * @param onChange Called with the state at most once a frame, and finally when the reduction stops.
 * @returns The function that stops it.
 */
export function reduceEvents<P extends object, S>(
  source: ResilientEventSource<P>,
  names: readonly string[],
  getReducers: () => Reducers<P, S>,
  initial: S,
  onChange: (state: S) => void,
): () => void {
  let state = initial;
  let cancelFrame: (() => void) | undefined;
  const publish = (): void => {
    cancelFrame = undefined;
    onChange(state);
  };
  const unsubscribes = (names as readonly EventName<P>[]).map((name) =>
    source.on(name, (payload) => {
      const reduce = (getReducers() as Record<string, Reducer<S> | undefined>)[name];
      if (!reduce) return;
      state = reduce(state, payload);
      cancelFrame ??= nextFrame(publish);
    }),
  );
  return () => {
    for (const unsubscribe of unsubscribes) unsubscribe();
    if (!cancelFrame) return;
    cancelFrame();
    publish();
  };
}
