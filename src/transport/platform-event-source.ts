import { ConnectionError } from "../errors.ts";
import { BRAND } from "../util/brand.ts";
import { messageOf } from "../util/message-of.ts";
import { resumeRequest } from "./resume.ts";
import type { TransportRequest } from "./transport.ts";

/** The least we ask of an EventSource: native, `eventsource`, Yaffle's and mocks all fit. */
export interface EventSourceLike {
  /** 2: closed for good. */
  readonly readyState: number;
  /** Called for `open`, `error` and every name that has listeners. */
  // Every class has event types of its own.
  // oxlint-disable-next-line typescript/no-explicit-any
  addEventListener(type: string, listener: (event: any) => void): void;
  /** Called when a name has lost its last listener, and when the connection ends. */
  // oxlint-disable-next-line typescript/no-explicit-any
  removeEventListener(type: string, listener: (event: any) => void): void;
  /** Called when the connection ends, in its first `error` at the latest. */
  close(): void;
}

/** A class whose instances read an event stream as EventSource does. */
export type EventSourceClass = new (
  url: string,
  init?: { withCredentials?: boolean },
) => EventSourceLike;

/** EventSource as it was when this module loaded: our class may replace it later. */
const original = globalThis.EventSource as EventSourceClass | undefined;

/**
 * Replacements of EventSource that create sources of this library: connecting through one would
 * recurse forever.
 */
const wrappers = new WeakSet<EventSourceClass>();
/** The platform's EventSources that have neither opened nor ended. */
export const connecting = new Set<EventSourceLike>();
/**
 * When this many EventSources are connecting, later URLs get a fragment as a mark (fragments are
 * not sent). A source with the mark in its URL shows that EventSource is a wrapper around this
 * library.
 */
const MARK_THRESHOLD = 20;
const MARK = "made-by-resilient-eventsource";

/**
 * The platform's EventSource, never a class of this library. Looked up late: tests and polyfills
 * replace it.
 */
export function platformEventSource(): EventSourceClass | undefined {
  return [globalThis.EventSource as EventSourceClass | undefined, original].find(
    // A bound class has no prototype.
    (Class) => Class && !wrappers.has(Class) && !(BRAND in ((Class.prototype as object) ?? {})),
  );
}

/**
 * Creates an EventSource, never a source of this library.
 *
 * @param given Default: the platform's class.
 * @throws ConnectionError
 */
export function createEventSource(
  given: EventSourceClass | undefined,
  request: TransportRequest,
): EventSourceLike {
  let { url } = resumeRequest(request, false);
  const { EventSource } = globalThis as { EventSource?: EventSourceClass };
  if (!given && EventSource && url.includes(MARK)) wrappers.add(EventSource);
  const Class = given ?? platformEventSource();
  if (!Class || wrappers.has(Class)) {
    const ours = EventSource ? " but one that makes sources of this library" : "";
    const message = `there is no EventSource here${ours}`;
    throw new ConnectionError(message, { reason: "unsupported" });
  }
  if (!given && connecting.size >= MARK_THRESHOLD) url = url.replace(/#.*|$/, `#${MARK}`);
  let source;
  try {
    source = new Class(url, { withCredentials: request.withCredentials });
  } catch (cause) {
    // WebKit throws a SecurityError where the Content-Security-Policy forbids the URL.
    const message = `EventSource refused: ${messageOf(cause)}`;
    throw new ConnectionError(message, { reason: "rejected", cause });
  }
  if (BRAND in source) {
    source.close();
    wrappers.add(Class);
    return createEventSource(given, request);
  }
  if (!given) connecting.add(source);
  return source;
}
