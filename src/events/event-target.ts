import { platformClass } from "../util/platform.ts";
import { reportException } from "../util/report-exception.ts";

// Our versions of three types of lib.dom: without lib.dom, @types/node declares them only in part.

/** Any DOM listener: a function or an object. */
export type AnyListener = ((event: Event) => void) | { handleEvent(event: Event): void };

/** Options of `removeEventListener`, as in the DOM standard. */
export interface RemoveListenerOptions {
  /** Part of the identity of a listener. Default false. */
  capture?: boolean;
}

/** Options of `addEventListener`, as in the DOM standard. */
export interface AddListenerOptions extends RemoveListenerOptions {
  /** Removes the listener when it is first called. Default false. */
  once?: boolean;
  /** Has no effect: these events cannot be cancelled. Default false. */
  passive?: boolean;
  /** Removes the listener when it is aborted. Default none. */
  signal?: AbortSignal;
}

const PlatformEventTarget: typeof EventTarget = /* @__PURE__ */ platformClass("EventTarget");

/** A listener, once for each combination of type, `capture` and callback. */
interface ListenerRecord {
  /** Calls it. */
  readonly run: (event: Event) => void;
  readonly remove: () => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * An EventTarget that knows which types have listeners. Exceptions of listeners go through
 * `reportException`, as those of `on` listeners do. Everything else, including order, `once` and
 * `signal`, is as in the DOM standard.
 */
export class TrackedEventTarget extends PlatformEventTarget {
  // Created on demand: many sources need neither.
  /** Listener records, first by {@link keyOf} and then by callback. */
  private _records: Map<string, Map<AnyListener, ListenerRecord>> | undefined;
  private _handlers:
    Map<string, { value: (event: never) => unknown; listener: (event: Event) => void }> | undefined;

  override addEventListener(
    type: string,
    callback: AnyListener | null,
    options?: boolean | AddListenerOptions | null,
  ): void {
    const { capture = false, once = false, signal } = dictionary(options);
    const all = (this._records ??= new Map<string, Map<AnyListener, ListenerRecord>>());
    const key = keyOf(type, capture);
    const records = all.get(key) ?? new Map<AnyListener, ListenerRecord>();
    if (!callback || signal?.aborted || records.has(callback)) return;
    const remove = (): void => {
      this.removeEventListener(type, callback, { capture });
    };
    const run = (event: Event): void => {
      if (once) remove();
      try {
        if (typeof callback === "function") callback.call(this, event);
        else callback.handleEvent(event);
      } catch (error) {
        reportException(error);
      }
    };
    signal?.addEventListener("abort", remove);
    const isFirst = !this._hasListener(type);
    all.set(key, records.set(callback, { run, remove, signal }));
    super.addEventListener(type, run, capture);
    if (isFirst) this._onListenersChange(type, true);
  }

  override removeEventListener(
    type: string,
    callback: AnyListener | null,
    options?: boolean | RemoveListenerOptions | null,
  ): void {
    const { capture = false } = dictionary(options);
    const key = keyOf(type, capture);
    const records = this._records?.get(key);
    const record = callback && records?.get(callback);
    if (!record) return;
    records?.delete(callback);
    if (!records?.size) this._records?.delete(key);
    record.signal?.removeEventListener("abort", record.remove);
    // Node 20 does not accept a boolean here.
    super.removeEventListener(type, record.run, { capture });
    if (!this._hasListener(type)) this._onListenersChange(type, false);
  }

  /** Returns true if this type has a listener. */
  protected _hasListener(type: string): boolean {
    return [true, false].some((capture) => this._records?.has(keyOf(type, capture)));
  }

  /** Called when a type gets its first listener or loses its last one. For subclasses. */
  protected _onListenersChange(_type: string, _hasListeners: boolean): void {
    // Nothing by default.
  }

  /** The value of an event handler attribute (`onopen` and the like). */
  protected _handler(type: string): unknown {
    return this._handlers?.get(type)?.value ?? null;
  }

  /**
   * Sets an event handler attribute. As in HTML, a handler keeps the place among the listeners
   * where it was first set, and anything but a function is treated as null.
   */
  protected _setHandler(type: string, value: unknown): void {
    const known = this._handlers?.get(type);
    if (typeof value !== "function") {
      if (known) this.removeEventListener(type, known.listener);
      this._handlers?.delete(type);
    } else if (known) {
      known.value = value as (event: never) => unknown;
    } else {
      const handler = {
        value: value as (event: never) => unknown,
        listener: (event: Event): void => {
          handler.value.call(this, event as never);
        },
      };
      (this._handlers ??= new Map()).set(type, handler);
      this.addEventListener(type, handler.listener);
    }
  }
}

/** The part of the platform's Observable that `when` needs. */
type ObservableClass = new (
  subscribe: (subscriber: { next(event: Event): void; readonly signal: AbortSignal }) => void,
) => object;

// Since Chrome 135 there is `when(type)`, which returns an Observable of the events. The browser's
// own method does not call our `addEventListener`, so its listeners would go unnoticed.
if ("when" in TrackedEventTarget.prototype)
  Object.defineProperty(TrackedEventTarget.prototype, "when", {
    configurable: true,
    writable: true,
    value(this: TrackedEventTarget, type: string, options?: RemoveListenerOptions) {
      const { Observable } = globalThis as unknown as { Observable: ObservableClass };
      return new Observable((subscriber) => {
        const next = (event: Event): void => {
          subscriber.next(event);
        };
        this.addEventListener(type, next, { ...options, signal: subscriber.signal });
      });
    },
  });

/** Options as WebIDL reads them: a boolean means `capture`, null an empty dictionary. */
function dictionary<Options extends RemoveListenerOptions>(
  options: boolean | Options | null | undefined,
): Partial<Options> {
  return typeof options === "object"
    ? (options ?? {})
    : ({ capture: !!options } as Partial<Options>);
}

/** Untyped code may give anything as `capture`. */
function keyOf(type: string, capture: unknown): string {
  return `${!!capture} ${type}`;
}
