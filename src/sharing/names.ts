import type { ListenedTypes } from "../transport/transport.ts";

/**
 * The event names that any member listens to. The set only grows: an event without a listener does
 * no harm.
 */
export class SharedNames implements ListenedTypes {
  private readonly _names: Set<string>;
  private readonly _observers = new Set<(name: string, hasListeners: boolean) => void>();

  /**
   * @param own The names that this member listens to.
   * @param notify Called with every name that this member adds later and no other member has added.
   * @param left Stops it.
   */
  constructor(own: ListenedTypes, notify: (name: string) => void, left: AbortSignal) {
    this._names = new Set(own);
    const stop = own.observe((name, hasListeners) => {
      if (hasListeners && !this._names.has(name)) {
        this.add([name]);
        notify(name);
      }
    });
    left.addEventListener("abort", stop);
  }

  add(names: readonly string[]): void {
    for (const name of names) {
      if (this._names.has(name)) continue;
      this._names.add(name);
      for (const observer of this._observers) observer(name, true);
    }
  }

  /** Our names that are missing in a list. */
  notIn(names: readonly string[]): readonly string[] {
    return [...this._names].filter((name) => !names.includes(name));
  }

  [Symbol.iterator](): Iterator<string> {
    return this._names.values();
  }

  observe(listener: (name: string, hasListeners: boolean) => void): () => void {
    this._observers.add(listener);
    return () => this._observers.delete(listener);
  }
}
