import { toFunctions } from "./decoders.ts";
import type { EventMeta } from "./lifecycle.ts";
import { Multicast } from "../util/multicast.ts";
import { onAbort } from "../util/on-abort.ts";
import type { ListenedTypes } from "../transport/transport.ts";

/** A listener as `on` takes it. */
export type PayloadListener<T> = (payload: T, meta: EventMeta) => void;

/** Options of `on`. */
export interface OnOptions {
  /** Remove the listener when it is called for the first time. Default false. */
  once?: boolean | undefined;
  /**
   * Aborting it removes the listener; if it is aborted already, the listener is never added.
   * Default none.
   */
  signal?: AbortSignal | undefined;
}

/** A listener that was added by `on`. */
interface Registration {
  readonly listener: PayloadListener<never>;
  readonly once: boolean;
  readonly remove: () => void;
  /** Its number among all registrations: a dispatch calls those that were there when it began. */
  readonly number: number;
}

/** Everything about one event name. It exists only while the name has a listener. */
interface Subscription {
  /** In the order of addition. A Set adds and removes in constant time, also during a dispatch. */
  readonly registrations: Set<Registration>;
  /** True if `addEventListener` was called for this name, so that a MessageEvent is needed. */
  hasDomListener: boolean;
  readonly decode: ((text: string) => unknown) | undefined;
  /** The listener, if it is the only one and takes the text as it is: the most common case. */
  soleListener: PayloadListener<never> | undefined;
}

/** The subscriptions of a source, by event name. */
export class Subscriptions implements ListenedTypes {
  /** How many registrations there have been. */
  latestNumber = 0;
  /** Names come from the wire, so they are keys of a Map, never of an object. */
  private readonly _byType = new Map<string, Subscription>();
  private readonly _decoders: ReturnType<typeof toFunctions>;
  private readonly _changes = new Multicast<[type: string, hasListeners: boolean]>();
  // The result of the latest `find`: most streams repeat one name.
  private _foundType: string | undefined;
  private _found: Subscription | undefined;

  constructor(decoders: object | undefined) {
    this._decoders = toFunctions(decoders);
  }

  /** The subscription to this name; undefined if the name has no listener. */
  find(type: string): Subscription | undefined {
    if (type !== this._foundType) {
      this._foundType = type;
      this._found = this._byType.get(type);
    }
    return this._found;
  }

  /** Adds a plain listener; returns the function that removes it. */
  on(
    type: string,
    listener: PayloadListener<never>,
    { once = false, signal }: OnOptions = {},
  ): () => void {
    if (signal?.aborted) return () => undefined;
    const remove = (): void => {
      forget?.();
      this._update(type, ({ registrations }) => registrations.delete(registration));
    };
    const registration = { listener, once, remove, number: ++this.latestNumber };
    const forget = signal && onAbort(signal, remove);
    this._update(type, ({ registrations }) => registrations.add(registration));
    return remove;
  }

  /** Records whether the name has a DOM listener. */
  setDomListener(type: string, hasDomListener: boolean): void {
    this._update(type, (subscription) => (subscription.hasDomListener = hasDomListener));
  }

  /**
   * `message` is always included: events of that name show that the stream is alive, and carry ids.
   */
  [Symbol.iterator](): Iterator<string> {
    return new Set(["message", ...this._byType.keys()]).values();
  }

  /** Calls `listener` with every name that gets its first listener or loses its last one. */
  observe(listener: (type: string, hasListeners: boolean) => void): () => void {
    return this._changes.subscribe(listener);
  }

  private _update(type: string, change: (subscription: Subscription) => void): void {
    this._foundType = undefined;
    const known = this._byType.get(type);
    const subscription = known ?? {
      registrations: new Set(),
      hasDomListener: false,
      decode: this._decoders?.get(type),
      soleListener: undefined,
    };
    change(subscription);
    subscription.soleListener = soleListenerOf(subscription);
    const hasListeners = subscription.hasDomListener || subscription.registrations.size > 0;
    if (hasListeners) this._byType.set(type, subscription);
    else this._byType.delete(type);
    if (hasListeners !== !!known && type !== "message") this._changes.notify(type, hasListeners);
  }
}

function soleListenerOf({
  registrations,
  decode,
  hasDomListener,
}: Subscription): PayloadListener<never> | undefined {
  if (decode || hasDomListener || registrations.size !== 1) return undefined;
  const [first] = registrations;
  return first?.once ? undefined : first?.listener;
}
