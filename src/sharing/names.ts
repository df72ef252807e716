import type { ListenedTypes } from "../transport/transport.ts";

/** The names that any member listens to. It only grows: an event too many is relayed, and heard by nobody. */
export class SharedNames implements ListenedTypes {
  private readonly _names: Set<string>;
  private readonly _observers = new Set<(name: string, heard: boolean) => void>();

  /** Starts with a member's own names. `tell` is called with those it adds later, if they are new, until `left` aborts. */
  constructor(own: ListenedTypes, tell: (name: string) => void, left: AbortSignal) {
    this._names = new Set(own);
    const stop = own.observe((name, heard) => {
      if (heard && !this._names.has(name)) {
        this.add([name]);
        tell(name);
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

  /** Those that are not among these. */
  notIn(names: readonly string[]): readonly string[] {
    return [...this._names].filter((name) => !names.includes(name));
  }

  [Symbol.iterator](): Iterator<string> {
    return this._names.values();
  }

  observe(listener: (name: string, heard: boolean) => void): () => void {
    this._observers.add(listener);
    return () => this._observers.delete(listener);
  }
}
