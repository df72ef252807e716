import { toFunctions } from "./decoders.ts";
import type { EventMeta } from "./lifecycle.ts";
import { multicast } from "../util/multicast.ts";
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
  active: boolean;
}

/** Everything about one event name. It exists only while the name has a listener. */
interface Subscription {
  /** Replaced, never changed in place, so that a dispatch under way keeps its list. */
  registrations: readonly Registration[];
  /** Whether `addEventListener` was called for this name, so that a MessageEvent is needed. */
  hasDomListener: boolean;
  readonly decode: ((text: string) => unknown) | undefined;
  /** The listener, if it is the only one and takes the text as it is: the most common case. */
  soleListener: PayloadListener<never> | undefined;
}

/** The subscriptions of a source, by event name. Its methods can be called unbound. */
export interface Subscriptions extends ListenedTypes {
  /** The subscription to this name; undefined if the name has no listener. */
  find(type: string): Subscription | undefined;
  /** Adds a plain listener; returns the function that removes it. */
  on(type: string, listener: PayloadListener<never>, options?: OnOptions): () => void;
  /** Records whether the name has a DOM listener. */
  setDomListener(type: string, hasDomListener: boolean): void;
}

/** Names come from the wire, so they are keys of a Map, never of an object. */
export function createSubscriptions(decoders: object | undefined): Subscriptions {
  const subscriptions = new Map<string, Subscription>();
  const decoderFunctions = toFunctions(decoders);
  const changes = multicast<[type: string, hasListeners: boolean]>();
  // The result of the latest `find`: most streams repeat one name.
  let foundType: string | undefined;
  let found: Subscription | undefined;

  const update = (type: string, change: (subscription: Subscription) => void): void => {
    foundType = undefined;
    const known = subscriptions.get(type);
    const subscription = known ?? {
      registrations: [],
      hasDomListener: false,
      decode: decoderFunctions?.get(type),
      soleListener: undefined,
    };
    change(subscription);
    subscription.soleListener = soleListenerOf(subscription);
    const hasListeners = subscription.hasDomListener || subscription.registrations.length > 0;
    if (hasListeners) subscriptions.set(type, subscription);
    else subscriptions.delete(type);
    if (hasListeners !== !!known && type !== "message") changes.notify(type, hasListeners);
  };

  return {
    find(type) {
      if (type !== foundType) {
        foundType = type;
        found = subscriptions.get(type);
      }
      return found;
    },

    on(type, listener, options) {
      const registration = register(listener, options, () => {
        update(type, (subscription) => {
          subscription.registrations = subscription.registrations.filter(({ active }) => active);
        });
      });
      if (registration.active)
        update(type, (subscription) => {
          subscription.registrations = [...subscription.registrations, registration];
        });
      return registration.remove;
    },

    setDomListener(type, hasDomListener) {
      update(type, (subscription) => (subscription.hasDomListener = hasDomListener));
    },

    // `message` is always included: events of that name show that the stream lives, and carry ids.
    [Symbol.iterator]: () => new Set(["message", ...subscriptions.keys()]).values(),

    observe: changes.subscribe,
  };
}

/** Makes a registration, which is active unless its signal is aborted already. */
function register(
  listener: PayloadListener<never>,
  { once = false, signal }: OnOptions = {},
  onRemove: () => void,
): Registration {
  const remove = (): void => {
    if (!registration.active) return;
    registration.active = false;
    forget?.();
    onRemove();
  };
  const registration = { listener, once, remove, active: !signal?.aborted };
  const forget = signal && registration.active ? onAbort(signal, remove) : undefined;
  return registration;
}

function soleListenerOf({
  registrations: [first, second],
  decode,
  hasDomListener,
}: Subscription): PayloadListener<never> | undefined {
  return first?.once || second || decode || hasDomListener ? undefined : first?.listener;
}
