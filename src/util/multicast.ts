/** A list of listeners. */
export class Multicast<A extends readonly unknown[]> {
  // Created when it is needed: a source that nobody observes pays for none.
  private _listeners: Set<(...args: A) => void> | undefined;
  private readonly _start: (() => () => void) | undefined;
  private _stop: (() => void) | undefined;

  /**
   * @param start Called when the first listener is added, to begin what the listeners need, such as
   * a timer; the function it returns is called after the last listener is removed.
   */
  constructor(start?: () => () => void) {
    this._start = start;
  }

  /** Adds a listener; the returned function removes it. */
  subscribe(listener: (...args: A) => void): () => void {
    const listeners = (this._listeners ??= new Set());
    listeners.add(listener);
    if (listeners.size === 1) this._stop = this._start?.();
    return () => {
      if (listeners.delete(listener) && !listeners.size) this._stop?.();
    };
  }

  /** Calls every listener, except those that an earlier one of them has just removed. */
  notify(...args: A): void {
    for (const listener of [...(this._listeners ?? [])])
      if (this._listeners?.has(listener)) listener(...args);
  }
}
