import { platformClass } from "../util/platform.ts";
import { report } from "../util/report.ts";

// Types of our own for three names of lib DOM: without it, @types/node has them in part only.

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

interface ListenerRecord {
  readonly callback: AnyListener;
  readonly capture: boolean;
  readonly run: (event: Event) => void;
  /** Takes back the wish to hear of the signal's abort. */
  readonly forget: () => void;
}

/**
 * An EventTarget that knows whether anybody listens, and in which a listener that throws is reported alike in every runtime (Node would end the
 * process from a `process.nextTick`). Everything else, order and `once` and `signal` included, is as the DOM standard has it.
 */
export class TrackedEventTarget extends PlatformEventTarget {
  // Made when they are needed: many sources have neither.
  private _records: Map<string, ListenerRecord[]> | undefined;
  private _handlers:
    Map<string, { value: (event: never) => unknown; listener: (event: Event) => void }> | undefined;

  override addEventListener(
    type: string,
    callback: AnyListener | null,
    options?: boolean | AddListenerOptions | null,
  ): void {
    const { capture = false, once = false, signal } = dictionary(options);
    const records = this._records?.get(type) ?? [];
    if (!callback || signal?.aborted || find(records, callback, capture) >= 0) return;
    const remove = (): void => {
      this.removeEventListener(type, callback, capture);
    };
    const run = (event: Event): void => {
      if (once) remove();
      try {
        if (typeof callback === "function") callback.call(this, event);
        else callback.handleEvent(event);
      } catch (error) {
        report(error);
      }
    };
    signal?.addEventListener("abort", remove);
    records.push({
      callback,
      capture,
      run,
      forget: () => signal?.removeEventListener("abort", remove),
    });
    (this._records ??= new Map()).set(type, records);
    super.addEventListener(type, run, capture);
    if (records.length === 1) this._heard(type, true);
  }

  override removeEventListener(
    type: string,
    callback: AnyListener | null,
    options?: boolean | RemoveListenerOptions | null,
  ): void {
    const { capture = false } = dictionary(options);
    const records = this._records?.get(type) ?? [];
    const [record] = records.splice(find(records, callback, capture) >>> 0, 1);
    if (!record) return;
    record.forget();
    // Node 20 takes no boolean here.
    super.removeEventListener(type, record.run, { capture });
    if (records.length) return;
    this._records?.delete(type);
    this._heard(type, false);
  }

  /** Whether anybody listens to events of this type. */
  protected _hasListener(type: string): boolean {
    return !!this._records?.has(type);
  }

  /** Called when a type gets its first listener or loses its last one. */
  protected _heard(_type: string, _heard: boolean): void {
    // For subclasses.
  }

  /** The value of an event handler attribute (`onopen` and the like). */
  protected _handler(type: string): unknown {
    return this._handlers?.get(type)?.value ?? null;
  }

  /** Sets an event handler attribute. As in HTML, its place among the listeners is where it was first set; what is no function counts as null. */
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

// Chrome 135 has `when(type)`, which returns an Observable of the events. The browser's own method
// does not call our `addEventListener`, so its listeners would go unnoticed.
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

/** As WebIDL reads it: a boolean is `capture`, and null is a dictionary, too. */
function dictionary<Options extends RemoveListenerOptions>(
  options: boolean | Options | null | undefined,
): Partial<Options> {
  return typeof options === "object"
    ? (options ?? {})
    : ({ capture: !!options } as Partial<Options>);
}

function find(records: readonly ListenerRecord[], callback: unknown, capture: boolean): number {
  return records.findIndex((record) => record.callback === callback && record.capture === capture);
}
