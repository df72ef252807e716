/** A list of listeners. */
export interface Multicast<A extends readonly unknown[]> {
  /** Adds a listener; the returned function removes it. */
  readonly subscribe: (listener: (...args: A) => void) => () => void;
  /** Calls every listener, except those that an earlier one of them has just removed. */
  readonly notify: (...args: A) => void;
}

/**
 * Creates a list of listeners.
 *
 * @param start Called when the first listener is added, to begin what the listeners need, such as
 * a timer; the function it returns is called after the last listener is removed.
 */
export function multicast<A extends readonly unknown[]>(
  start?: (notify: (...args: A) => void) => () => void,
): Multicast<A> {
  // Created when it is needed: a source that nobody observes pays for none.
  let listeners: Set<(...args: A) => void> | undefined;
  let stop: (() => void) | undefined;
  const notify = (...args: A): void => {
    for (const listener of [...(listeners ?? [])]) if (listeners?.has(listener)) listener(...args);
  };
  return {
    notify,
    subscribe(listener) {
      const all = (listeners ??= new Set());
      all.add(listener);
      if (all.size === 1) stop = start?.(notify);
      return () => {
        if (all.delete(listener) && !all.size) stop?.();
      };
    },
  };
}
