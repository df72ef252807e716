/**
 * The platform's class of this name. Where it is missing, as in some releases of React Native, a
 * class that throws when an instance is made: importing this package never fails.
 */
export function platformClass<Name extends "Event" | "EventTarget">(
  name: Name,
): (typeof globalThis)[Name] {
  return (
    (globalThis as Partial<typeof globalThis>)[name] ??
    (function () {
      throw new TypeError(`${name} is missing: import "event-target-polyfill" first`);
    } as never)
  );
}

/** A MessageEvent; where the platform has none, as React Native, an Event with its members. */
export function messageEvent(type: string, init: MessageEventInit): MessageEvent {
  return typeof MessageEvent === "function"
    ? new MessageEvent(type, init)
    : (Object.assign(new Event(type), init) as Event as MessageEvent);
}
