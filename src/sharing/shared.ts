import { ConnectionError } from "../errors.ts";
import { autoTransport } from "../transport/auto.ts";
import type { Transport, TransportRequest } from "../transport/transport.ts";
import { Member } from "./member.ts";

/** Options of `sharedTransport`. */
export interface SharedOptions {
  /**
   * Distinguishes this stream from others of the origin: sources with the same key share one
   * connection. Default: everything that changes the request, that is, the URL, `withCredentials`,
   * `resume` and the key of the inner transport. The logged-in user is not part of it: if another
   * user may log in in another tab, put the user's id into the key. Required if the request cannot
   * be compared: for a `fetchTransport` with a function or with a `fetch` or body of its own, for
   * an EventSource class, for your own transport, and if `resume` is a function. Also useful if the
   * URL carries a token.
   */
  key?: string | undefined;
}

/**
 * A source that reconnects this much (ms) before its time does so because of `reconnect()`: timers
 * are never early.
 */
const EARLY = 100;

let warned = false;

/**
 * Shares one connection among all sources of the origin that ask for the same stream, in one tab or
 * in several. Web Locks elect the leader, the source that has the connection; it relays the events
 * over a BroadcastChannel, and each source decodes them itself. When the leader closes, crashes or
 * is frozen, another source takes over from the last id. Where Web Locks or BroadcastChannel are
 * missing, each source uses the inner transport, and a warning on the console says so once.
 *
 * @param inner How the leader connects. Default: as without `transport`.
 * @throws TypeError if neither `inner` nor the options have a key: different streams must never be
 * mixed
 */
export function sharedTransport(
  inner: Transport = autoTransport(),
  { key }: SharedOptions = {},
): Transport {
  if (key === undefined && inner.key === undefined) {
    throw new TypeError(
      "sharedTransport needs the option key: it cannot compare the requests of this inner transport",
    );
  }
  /**
   * A leader stays the leader from one connection to the next, so that nobody else connects while
   * it waits.
   */
  const members = new WeakMap<object, Member>();

  const connect: Transport = (request, sink) => {
    if (
      typeof BroadcastChannel !== "function" ||
      typeof navigator === "undefined" ||
      !("locks" in navigator)
    ) {
      if (!warned)
        console.warn(
          "sharedTransport: without Web Locks and BroadcastChannel every source has a connection of its own",
        );
      warned = true;
      return inner(request, sink);
    }
    if (key === undefined && typeof request.resume === "function") {
      const message =
        "sharedTransport needs the option key: it cannot compare requests whose resume is a function";
      return Promise.reject(new ConnectionError(message, { reason: "unsupported" }));
    }
    if (request.signal.aborted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const { source } = request;
      const host = { inner, request, sink, resolve, reject };
      const name = channelName(request, key, inner.key);
      const known = members.get(source);
      if (known?.name === name && !known.left.aborted) {
        known.connectAgain(host);
        return;
      }
      // A URL function may have named another stream.
      known?.leave();
      // A source that is back before the leader's next attempt was told to: the application called
      // reconnect().
      members.set(source, new Member(name, host, (known?.retryAt ?? 0) > Date.now() + EARLY));
    });
  };
  return Object.assign(connect, inner.abilities && { abilities: inner.abilities });
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
  return `resilient-eventsource 1 ${JSON.stringify(key ?? [url, withCredentials, resume, innerKey])}`;
}
