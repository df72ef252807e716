import { failure } from "../../errors.ts";
import { isSameOrigin, resumeRequest } from "../resume.ts";
import type { TransportRequest } from "../transport.ts";
import { basicAuthorization } from "./headers.ts";

/**
 * The options of `fetchTransport`: all of RequestInit except the signal, which is ours, and
 * optionally another `fetch`. `redirect: "error"` is treated as `"manual"`: both end with reason
 * `redirect`.
 */
export interface FetchInit extends Omit<RequestInit, "signal"> {
  /**
   * Used in place of the global `fetch`. It must honour the signal, and the body of its response
   * must be a web ReadableStream. Default: the global `fetch`, looked up on every attempt.
   */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** The argument of an `init` function. */
export interface FetchContext {
  /**
   * How many connections in a row have failed before this one (see `minUptime`): 0 at first, 1 for
   * the first retry.
   */
  readonly attempt: number;
  /** The id to resume after; "" for none. It is sent automatically. */
  readonly lastEventId: string;
  /** Aborts when this attempt is no longer wanted. */
  readonly signal: AbortSignal;
}

type InitFunction = (context: FetchContext) => FetchInit | Promise<FetchInit>;

/** The argument of `fetchTransport`. */
export type InitSource = FetchInit | InitFunction;

/** One call of `fetch`. */
export interface Call {
  readonly url: string;
  readonly options: RequestInit;
  readonly fetcher: FetchInit["fetch"];
}

/** Returns true if this runtime can read a response while it arrives. */
export function canStream(): boolean {
  return (
    typeof fetch === "function" &&
    typeof ReadableStream === "function" &&
    typeof TextDecoder === "function" &&
    "body" in Response.prototype
  );
}

/**
 * The key of the transport; undefined if the request cannot be known: a function, a body or another
 * fetch may do anything.
 */
export function keyOf(init: InitSource): string | undefined {
  if (typeof init === "function" || init.fetch || (init.body ?? "") !== "") return undefined;
  try {
    return `fetch ${JSON.stringify({ ...init, headers: [...new Headers(init.headers)] })}`;
  } catch {
    // The first attempt reports headers that cannot be sent.
    return undefined;
  }
}

/** @throws ConnectionError */
export async function resolveInit(
  init: InitFunction,
  { attempt, lastEventId }: TransportRequest,
  signal: AbortSignal,
): Promise<FetchInit> {
  try {
    return await init({ attempt, lastEventId, signal });
  } catch (cause) {
    throw failure("network", "init failed", cause);
  }
}

/**
 * Builds the request first, to separate application errors from outages: if the `Headers` or
 * `Request` constructor throws, that is an application error, which a retry cannot fix. From
 * `fetch`, the same exception would look like an outage.
 *
 * @throws ConnectionError
 */
export function buildCall(request: TransportRequest, given: FetchInit): Call {
  const { url, header } = resumeRequest(request, true);
  try {
    const { fetch: fetcher, ...options } = given;
    if (!fetcher && !canStream()) throw new TypeError("there is no streaming fetch here");
    const headers = new Headers(options.headers);
    if (!headers.has("Accept")) headers.set("Accept", "text/event-stream");
    if (header) headers.set("Last-Event-ID", header);
    const target = new URL(url);
    if (target.username || target.password) {
      // EventSource takes user and password from the URL, fetch throws on them.
      if (isSameOrigin(target.origin) && !headers.has("Authorization"))
        headers.set("Authorization", basicAuthorization(target));
      target.username = target.password = "";
    }
    options.cache ??= "no-store";
    options.credentials ??= request.withCredentials ? "include" : "same-origin";
    // With `redirect: "error"` a redirect would be indistinguishable from an outage.
    if (options.redirect === "error") options.redirect = "manual";
    options.headers = headers;
    new Request(target, options);
    return { fetcher, url: target.href, options };
  } catch (cause) {
    throw failure("unsupported", "the request cannot be made", cause);
  }
}
