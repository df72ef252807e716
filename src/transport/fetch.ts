import { ConnectionError, failure } from "../errors.ts";
import { nextTask } from "../util/next-task.ts";
import { decode, readBody, type BodyReader } from "./http/body.ts";
import { createEventStream } from "./http/event-stream.ts";
import {
  buildCall,
  resolveInit,
  keyOf,
  type Call,
  type FetchContext,
  type FetchInit,
  type InitSource,
} from "./http/request.ts";
import { readRefusedText, refusalOf } from "./http/response-checks.ts";
import { openedBy } from "./opened.ts";
import { isSameOrigin, resumeRequest } from "./resume.ts";
import type { Sink, Transport, TransportRequest } from "./transport.ts";

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
 * `timeout`. 0: no limit.
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
  const sent = await send(request, sink, init, signal);
  if (!sent) return;
  const { call, response } = sent;
  answered();
  const reader = await openBody(call, request, sink, response, signal);
  if (signal.aborted) return;

  openedBy.set(request.source, "fetch");
  sink.open({ status: response.status, headers: response.headers });
  const { origin } = new URL(response.url || call.url);
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

/** Sends the request and returns the response; undefined if the connection is no longer wanted. */
async function send(
  request: TransportRequest,
  sink: Sink,
  init: InitSource,
  signal: AbortSignal,
): Promise<{ call: Call; response: Response } | undefined> {
  const given = typeof init === "function" ? await resolveInit(init, request, signal) : init;
  // We recognize our own abort by our signal: an AbortError can come from anywhere.
  if (signal.aborted) return undefined;
  const call = buildCall(request, given);
  const { fetcher, url, options } = call;
  // An `init` function may make a different request each time, so its requests are never marked
  // unrepeatable.
  if (typeof init !== "function" && !/^(GET|HEAD|OPTIONS|QUERY)$/i.test(options.method ?? "GET"))
    sink.unrepeatable?.();
  if (signal.aborted) return undefined;
  try {
    return { call, response: await (fetcher ?? fetch)(url, { ...options, signal }) };
  } catch (cause) {
    if (signal.aborted) return undefined;
    throw unreachable(call, request, cause);
  }
}

/** The error for a `fetch` that gave no response. */
function unreachable(
  { fetcher, url }: Call,
  { source }: TransportRequest,
  cause: unknown,
): ConnectionError {
  const { protocol, origin } = new URL(url);
  if (!fetcher && !/^https?:$/.test(protocol))
    return failure("unsupported", `fetch does not support ${protocol}`, cause);
  // To `fetch`, a network error and a missing CORS header look the same. A `no-cors` probe would
  // not tell them apart, either.
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

/** Some servers refuse unknown query parameters, and the application did not add this one. */
function hintOf(request: TransportRequest, status = 0): string {
  const isOurs = request.resume === undefined && resumeRequest(request, true).url !== request.url;
  return isOurs && status < 500
    ? ' ("lastEventId" was added to the query, see the option "resume")'
    : "";
}
