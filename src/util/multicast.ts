/**
 * One subscription to something that many want to hear of: `start` is called for the first listener, and what it returned after the last one has gone.
 */
export function multicast<T>(
  start: (notify: (what: T) => void) => () => void,
): (listener: (what: T) => void) => () => void {
  const listeners = new Set<(what: T) => void>();
  let stop: () => void;
  const tell = (what: T): void => {
    for (const listener of [...listeners]) if (listeners.has(listener)) listener(what);
  };
  return (listener) => {
    listeners.add(listener);
    if (listeners.size === 1) stop = start(tell);
    return () => {
      if (listeners.delete(listener) && !listeners.size) stop();
    };
  };
}
