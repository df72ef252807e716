import { ConnectionError } from "../errors.ts";
import { autoTransport } from "../transport/auto.ts";
import { callTransport } from "../transport/call-transport.ts";
import type { Transport, TransportRequest } from "../transport/transport.ts";
import { messageOf } from "../util/message-of.ts";
import { History } from "./history.ts";
import { Member } from "./member.ts";
import type { TransportCall } from "./membership.ts";
import { PROTOCOL } from "./messages.ts";

/** Options of `sharedTransport`. */
export interface SharedOptions {
  /**
   * Distinguishes this stream from others of the origin: sources with the same key share one
   * connection, even if their URLs differ. Default (also if undefined): everything that changes the
   * request, that is, the URL, `withCredentials`, `resume` and the key of the inner transport. The
   * empty string is a key like any other.
   *
   * The logged-in user is not part of the default: if another user may log in in another tab, put
   * the user's id into the key. A key is required if the request cannot be compared: for a
   * `fetchTransport` with a function or with a `fetch` or body of its own, for an EventSource class
   * and for your own transport, where `sharedTransport` throws a TypeError without one; and if
   * `resume` is a function, where the source closes with reason `unsupported`. A key is also useful
   * if the URL carries a token.
   */
  key?: string | undefined;
  /**
   * Event names whose latest event is delivered to every source that joins and has not had it, for
   * servers that greet each connection, for example with a snapshot: sources that share a
   * connection would miss the greeting. Only the latest event of each name is kept, so each should
   * be complete in itself. The leader keeps them by its own option, so all sources of a stream
   * should name the same ones. Default (also if undefined or empty): none. Anything but an array of
   * strings throws a TypeError.
   */
  sticky?: readonly string[] | undefined;
}

/** The members of the sources: each source has the same one from one connection to the next. */
type Members = WeakMap<object, Member>;

const KEY_NEEDED = "sharedTransport needs the option key: it cannot compare";

let hasWarned = false;

/**
 * Shares one connection among all sources of the origin that ask for the same stream, in one tab or
 * in several. Web Locks elect the leader, the source that has the connection; it relays the events
 * over a BroadcastChannel, and each source decodes them itself. When the leader closes, crashes,
 * hangs or is frozen, another source takes over from the last id. The leader alone asks
 * `backoff.retry` and applies its timeouts; the others take its decision and its wait.
 *
 * Where Web Locks or BroadcastChannel are missing or denied, each source uses the inner transport,
 * and a warning on the console says why, once.
 *
 * @param inner How the leader connects, and each source if nothing can be shared. Default: as
 * without `transport`.
 * @throws TypeError if `inner` is not a function, if neither `inner` nor the options have a key,
 * since different streams must never be mixed, or if `sticky` is not an array of strings
 */
export function sharedTransport(
  inner: Transport = autoTransport(),
  { key, sticky = [] }: SharedOptions = {},
): Transport {
  if (typeof inner !== "function")
    throw new TypeError("sharedTransport: its first argument must be a transport or undefined");
  if (key === undefined && inner.key === undefined)
    throw new TypeError(`${KEY_NEEDED} the requests of this inner transport`);
  if (!Array.isArray(sticky) || !sticky.every((name) => typeof name === "string"))
    throw new TypeError("sharedTransport: sticky must be an array of event names");
  const members: Members = new WeakMap();
  const connect: Transport = (request, sink) => {
    const connectAlone = (reason: string): Promise<void> => {
      if (!hasWarned)
        console.warn(`sharedTransport: every source has a connection of its own: ${reason}`);
      hasWarned = true;
      return callTransport(inner, request, sink);
    };
    const missing = findMissing();
    if (missing) return connectAlone(missing);
    if (key === undefined && typeof request.resume === "function") {
      const message = `${KEY_NEEDED} requests whose resume is a function`;
      return Promise.reject(new ConnectionError(message, { reason: "unsupported" }));
    }
    if (request.signal.aborted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const deny = (cause: unknown): void => {
        const where = "as it does in sandboxed frames and with blocked cookies";
        connectAlone(`the browser denies it, ${where} (${messageOf(cause)})`).then(resolve, reject);
      };
      const host: TransportCall = { inner, request, sink, resolve, reject, connectAlone: deny };
      let member;
      try {
        member = findMember(members, channelName(request, key, inner.key), request, sticky);
      } catch (thrown) {
        deny(thrown);
        return;
      }
      member.connect(host);
    });
  };
  return Object.assign(connect, inner.abilities && { abilities: inner.abilities });
}

function findMember(
  members: Members,
  name: string,
  request: TransportRequest,
  sticky: readonly string[],
): Member {
  const { source, lastEventId } = request;
  const known = members.get(source);
  if (known?.name === name && !known.hasLeft) return known;
  // A URL function may have named another stream.
  known?.leave();
  const history =
    known?.name === name && known.history.lastEventId === lastEventId
      ? known.history
      : new History(lastEventId, sticky);
  const member = new Member(name, request, history, sticky);
  members.set(source, member);
  return member;
}

/** Why nothing can be shared here, and what helps; undefined if it can. */
function findMissing(): string | undefined {
  if (typeof BroadcastChannel !== "function") return "there is no BroadcastChannel here";
  if (typeof navigator !== "undefined" && "locks" in navigator) return undefined;
  return "isSecureContext" in globalThis && !isSecureContext
    ? "Web Locks need HTTPS or localhost"
    : "there are no Web Locks here";
}

/**
 * The name of the lock and of the channel: the version of the protocol, and the application's key
 * or everything that changes the request.
 */
function channelName(
  { url, withCredentials, resume }: TransportRequest,
  key: string | undefined,
  innerKey: string | undefined,
): string {
  const stream = key ?? [url, withCredentials, resume, innerKey];
  return `resilient-eventsource ${PROTOCOL} ${JSON.stringify(stream)}`;
}
