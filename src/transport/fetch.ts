import { ConnectionError, type ConnectionErrorReason } from "../errors.ts";
import { nextTask } from "../util/next-task.ts";
import { rootMessageOf } from "../util/report.ts";
import { decode, readBody, type BodyReader } from "./http/body.ts";
import { createEventStream } from "./http/event-stream.ts";
import { basicAuthorization } from "./http/headers.ts";
import { readRefusedText, refusalOf } from "./http/response.ts";
import { openedBy } from "./opened.ts";
import { isSameOrigin, resumeRequest } from "./resume.ts";
import type { Sink, Transport, TransportRequest } from "./transport.ts";

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
  /** The id to resume after; "" for none. It is sent without your help. */
  readonly lastEventId: string;
  /** Aborts when this attempt is no longer wanted. */
  readonly signal: AbortSignal;
}

type InitFunction = (context: FetchContext) => FetchInit | Promise<FetchInit>;

/** The argument of `fetchTransport`. */
type InitSource = FetchInit | InitFunction;

/** One call of `fetch`. */
interface Call {
  readonly url: string;
  readonly options: RequestInit;
  readonly fetcher: FetchInit["fetch"];
}

/** Whether this runtime can read a response while it arrives. */
export function canStream(): boolean {
  return (
    typeof fetch === "function" &&
    typeof ReadableStream === "function" &&
    typeof TextDecoder === "function" &&
    "body" in Response.prototype
  );
}

/**
 * Connects using streaming fetch: for request headers, another method, a body, the status and text
 * of refusals, and comments as signs of life.
 *
 * Sends `Accept: text/event-stream`, never uses the HTTP cache, and sends credentials as
 * EventSource would. Within an origin it resumes by the Last-Event-ID header. A GET is accepted
 * with status 200, any other method with every 2xx that has a body.
 *
 * @param init Like RequestInit; or a function of the attempt, which may be async and is called on
 * every attempt: for a fresh token, say. If it throws, the attempt fails with reason `network`. A
 * request that cannot be built from it fails with reason `unsupported`. Default: a plain GET.
 */
export function fetchTransport(
  init: FetchInit | ((context: FetchContext) => FetchInit | Promise<FetchInit>) = {},
): Transport {
  const connect: Transport = (request, sink) => connectByFetch(request, sink, init);
  return Object.assign(connect, {
    key: keyOf(init),
    abilities: { headers: true, resume: "header", comments: true, status: true } as const,
  });
}

/**
 * Makes one connection, as a transport does.
 *
 * @param patience How long (ms) to wait for an answer before the attempt fails with reason
 * `timeout`. 0: without a limit.
 */
export function connectByFetch(
  request: TransportRequest,
  sink: Sink,
  init: InitSource,
  patience = 0,
): Promise<void> {
  return new Promise((resolve, reject) => {
    // A refused body is both cancelled and aborted: if only cancelled, Firefox 153 keeps its
    // connection until another byte comes.
    const controller = new AbortController();
    const abort = (): void => {
      controller.abort(request.signal.reason);
      // An `init` or `fetch` that ignores the signal must not delay an abort.
      resolve();
    };
    request.signal.addEventListener("abort", abort);
    if (request.signal.aborted) abort();
    const timer =
      patience &&
      setTimeout(() => {
        const message = `fetch did not answer within ${patience} ms`;
        reject(new ConnectionError(message, { reason: "timeout" }));
        controller.abort();
      }, patience);
    const answered = (): void => {
      clearTimeout(timer);
    };
    void run(request, sink, init, controller.signal, answered)
      .then(resolve, reject)
      .then(() => {
        answered();
        request.signal.removeEventListener("abort", abort);
        controller.abort();
      });
  });
}

/** @param signal Aborts when the connection is no longer wanted, and when it has ended. */
async function run(
  request: TransportRequest,
  sink: Sink,
  init: InitSource,
  signal: AbortSignal,
  answered: () => void,
): Promise<void> {
  if (signal.aborted) return;
  const given = typeof init === "function" ? await callInit(init, request, signal) : init;
  // Our own abort is known by our own signal: an AbortError can come from anywhere.
  if (signal.aborted) return;
  const call = buildCall(request, given);
  const { fetcher, url, options } = call;
  let response: Response;
  // A function decides what each attempt sends.
  if (typeof init !== "function" && !/^(GET|HEAD|OPTIONS|QUERY)$/i.test(options.method ?? "GET"))
    sink.unrepeatable?.();
  if (signal.aborted) return;
  try {
    response = await (fetcher ?? fetch)(url, { ...options, signal });
  } catch (cause) {
    if (signal.aborted) return;
    throw unreachable(call, request, cause);
  }
  answered();
  const reader = await openBody(call, request, sink, response, signal);
  if (signal.aborted) return;

  openedBy.set(request.source, "fetch");
  sink.open({ status: response.status, headers: response.headers });
  const { origin } = new URL(response.url || url);
  const stream = createEventStream(sink, request.lastEventId, origin);
  let decoder: TextDecoder | undefined;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      // "Once the end of the file is reached, any pending data must be discarded."
      if (done || signal.aborted) return;
      sink.activity();
      // The polyfill hands over text.
      for (const text of typeof value === "string"
        ? [value]
        : decode((decoder ??= new TextDecoder()), value)) {
        stream.feed(text);
        while (stream.next()) {
          await nextTask();
          if (signal.aborted) return;
        }
      }
    }
  } catch (cause) {
    if (signal.aborted) return;
    throw failure("network", "the connection was cut", cause);
  }
}

/** @throws ConnectionError */
async function callInit(
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
 * Builds the request before it is made: what the constructors of `Headers` and `Request` throw is a
 * mistake of the application, and no retry mends it. Thrown by `fetch` it would pass for an outage.
 *
 * @throws ConnectionError
 */
function buildCall(request: TransportRequest, given: FetchInit): Call {
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
    // As an error a redirect would look like an outage.
    if (options.redirect === "error") options.redirect = "manual";
    options.headers = headers;
    new Request(target, options);
    return { fetcher, url: target.href, options };
  } catch (cause) {
    throw failure("unsupported", "the request cannot be made", cause);
  }
}

/** Why `fetch` gave no response. */
function unreachable(
  { fetcher, url }: Call,
  { source }: TransportRequest,
  cause: unknown,
): ConnectionError {
  const { protocol, origin } = new URL(url);
  if (!fetcher && !/^https?:$/.test(protocol))
    return failure("unsupported", `fetch does not support ${protocol}`, cause);
  // `fetch` does not tell these two apart, and neither would a probe with `mode: "no-cors"`.
  const orBlocked =
    isSameOrigin(origin) || openedBy.has(source)
      ? ""
      : ", or it sends no CORS headers that allow this origin";
  return failure("network", `the server was not reached${orBlocked}`, cause);
}

/** @throws ConnectionError if the response is not an event stream that can be read here. */
async function openBody(
  { fetcher, options }: Call,
  request: TransportRequest,
  sink: Sink,
  response: Response,
  signal: AbortSignal,
): Promise<BodyReader> {
  let refusal;
  let reader: BodyReader | null;
  try {
    // A custom `fetch` can return anything.
    refusal = refusalOf(response, options);
    reader = response.body && readBody(response.body, !fetcher);
    if (!refusal && !reader) throw new TypeError("it has no body");
  } catch (cause) {
    throw failure("unsupported", "the response cannot be read", cause);
  }
  const cancel = (): void => {
    // A custom `fetch` may ignore the signal. A broken stream rejects the cancellation.
    reader?.cancel().catch(() => undefined);
  };
  signal.addEventListener("abort", cancel);
  if (signal.aborted) cancel();
  if (refusal) {
    sink.answered?.();
    const { message, ...init } = refusal;
    const body = reader ? await readRefusedText(reader, response.headers, signal) : undefined;
    throw new ConnectionError(message + hintOf(request, refusal.status), { ...init, body });
  }
  return reader as BodyReader;
}

/** Some servers refuse parameters that they do not know, and ours is not in the application's URL. */
function hintOf(request: TransportRequest, status = 0): string {
  const isOurs = request.resume === undefined && resumeRequest(request, true).url !== request.url;
  return isOurs && status < 500
    ? ' ("lastEventId" was added to the query, see the option "resume")'
    : "";
}

function failure(reason: ConnectionErrorReason, what: string, cause: unknown): ConnectionError {
  if (cause instanceof ConnectionError) return cause;
  return new ConnectionError(`${what}: ${rootMessageOf(cause)}`, { reason, cause });
}

/** Undefined where the request cannot be told: a function, a body or another fetch may do anything. */
function keyOf(init: InitSource): string | undefined {
  if (typeof init === "function" || init.fetch || (init.body ?? "") !== "") return undefined;
  try {
    return `fetch ${JSON.stringify({ ...init, headers: [...new Headers(init.headers)] })}`;
  } catch {
    // The first attempt reports headers that cannot be sent.
    return undefined;
  }
}
