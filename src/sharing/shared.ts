import { ConnectionError } from "../errors.ts";
import { autoTransport } from "../transport/auto.ts";
import type { Transport, TransportRequest } from "../transport/transport.ts";
import { Member } from "./member.ts";

/** Options of `sharedTransport`. */
export interface SharedOptions {
  /**
   * What tells this stream from others of the origin: sources with the same key share one connection. Default: everything that changes the request,
   * that is, the URL, `withCredentials`, `resume` and the key of the inner transport. Who is logged in is not part of it: where another user may log in
   * in another tab, put the user's id into the key. Needed where that cannot be known: for a `fetchTransport` with a
   * function or with a `fetch` or body of its own, for an EventSource class, for a transport of yours, and where `resume` is a function. Also useful
   * where the URL carries a token.
   */
  key?: string | undefined;
}

/** Timers are late, never early: by this much (ms) before its time, a return is no timer's. */
const EARLY = 100;

let warned = false;

/**
 * One connection for all tabs of the origin, and all sources in a tab, that ask for the same stream. Web Locks elect the source that holds it; it
 * relays the events over a BroadcastChannel, and each source decodes its own. When the leader closes, crashes or is frozen, another one takes over
 * from the last id. Where Web Locks or BroadcastChannel are missing, it is the inner transport, and says so once on the console.
 *
 * @param inner How the leader connects. Default: as without `transport`.
 * @throws TypeError when neither the inner transport has a key nor one is given: different streams must never be mixed
 */
export function sharedTransport(
  inner: Transport = autoTransport(),
  { key }: SharedOptions = {},
): Transport {
  if (key === undefined && inner.key === undefined) {
    throw new TypeError(
      "sharedTransport needs the option key: it cannot tell the requests of this inner transport from others",
    );
  }
  /** A leader stays one from one connection to the next, so that nobody else tries while it waits. */
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
        "sharedTransport needs the option key where resume is a function: it cannot tell the requests from others";
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
      // Another URL is another stream.
      known?.leave();
      // Whoever comes back before the leader was to connect again has been told to: the application called reconnect().
      members.set(source, new Member(name, host, (known?.retryAt ?? 0) > Date.now() + EARLY));
    });
  };
  return Object.assign(connect, inner.abilities && { abilities: inner.abilities });
}

/** The name of the lock and of the channel, with the version of what is said there: what is asked for, or the application's own word for it. */
function channelName(
  { url, withCredentials, resume }: TransportRequest,
  key: string | undefined,
  innerKey: string | undefined,
): string {
  return `resilient-eventsource 1 ${JSON.stringify(key ?? [url, withCredentials, resume, innerKey])}`;
}
