import { ConnectionError } from "../errors.ts";
import { decode, readBody, type BodyReader } from "./http/body.ts";
import { createEventStream } from "./http/event-stream.ts";
import { toByteString } from "./http/headers.ts";
import { nextTask } from "../util/next-task.ts";
import { assertEventStream } from "./http/response.ts";
import { resumeRequest } from "./resume.ts";
import type { Transport } from "./transport.ts";

/** What `fetchTransport` takes: everything of RequestInit but the signal, which is ours, and optionally another `fetch`. */
export interface FetchInit extends Omit<RequestInit, "signal"> {
  /** Used in place of the global `fetch`. It must honour the signal it is given. Default: the global one, looked up on every attempt. */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** What an `init` function is told. */
export interface FetchContext {
  /** How many connections in a row have failed before this one (see `minUptime`): 0 at first, 1 for the first retry. */
  readonly attempt: number;
  /** The id to resume after; "" for none. It is sent without your help. */
  readonly lastEventId: string;
  /** Aborts when this attempt is not wanted any more. */
  readonly signal: AbortSignal;
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
 * Connects by streaming fetch: for request headers, another method, a body, the status of refusals, and comments as signs of life.
 *
 * Sends `Accept: text/event-stream`, never uses the HTTP cache, and sends credentials as EventSource would. Within an origin it resumes by the
 * Last-Event-ID header.
 *
 * @param init Like RequestInit; or a function of the attempt, which may be async and is asked again on every attempt: a fresh token, say. If it throws
 * the attempt has failed with reason `network`. Default: a plain GET.
 */
export function fetchTransport(
  init: FetchInit | ((context: FetchContext) => FetchInit | Promise<FetchInit>) = {},
): Transport {
  const run: Transport = async (request, sink) => {
    const { signal, attempt, lastEventId } = request;
    if (signal.aborted) return;
    const { fetch: fetcher, ...given } =
      typeof init === "function" ? await init({ attempt, lastEventId, signal }) : init;
    if (signal.aborted) return;
    if (!fetcher && !canStream())
      throw new ConnectionError("there is no streaming fetch here", { reason: "unsupported" });
    const { url, header } = resumeRequest(request, true);
    const headers = new Headers(given.headers);
    if (!headers.has("Accept")) headers.set("Accept", "text/event-stream");
    if (header) headers.set("Last-Event-ID", toByteString(header));

    let reader: BodyReader | null | undefined;
    // A refused body is cancelled and aborted: cancelled alone, Firefox 153 holds its connection until another byte comes.
    const controller = new AbortController();
    const letGo = (): void => {
      controller.abort(signal.reason);
      // A custom fetch may have ignored the signal. A stream that broke before rejects the cancellation, which is nobody's concern.
      reader?.cancel().catch(() => undefined);
    };
    signal.addEventListener("abort", letGo);
    try {
      const {
        cache = "no-store",
        credentials = request.withCredentials ? "include" : "same-origin",
      } = given;
      const response = await (fetcher ?? fetch)(url, {
        ...given,
        cache,
        credentials,
        headers,
        signal: controller.signal,
      });
      // A custom `fetch` may bring a stream of any kind.
      reader = response.body && readBody(response.body, !fetcher);
      if (signal.aborted) return;
      assertEventStream(response.status, response.headers);
      if (!reader)
        throw new ConnectionError("the response has no body that can be read as it arrives", {
          reason: "unsupported",
        });
      sink.open({ status: response.status, headers: response.headers });

      const stream = createEventStream(sink, lastEventId, new URL(response.url || url).origin);
      let decoder: TextDecoder | undefined;
      for (;;) {
        const { done, value } = await reader.read();
        // An event that was cut in two is dropped with the stream, as the standard wants it.
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
      // Our own abort is known by our own signal: an AbortError can come from anywhere.
      if (signal.aborted) return;
      if (cause instanceof ConnectionError) throw cause;
      throw new ConnectionError(reader ? "the connection was cut" : "the server was not reached", {
        reason: "network",
        cause,
      });
    } finally {
      signal.removeEventListener("abort", letGo);
      letGo();
    }
  };
  const connect: Transport = (request, sink) =>
    new Promise((resolve, reject) => {
      run(request, sink).then(resolve, reject);
      // An `init` or a `fetch` that is deaf to the signal does not hold up an abort.
      request.signal.addEventListener("abort", () => {
        resolve();
      });
    });
  return Object.assign(connect, {
    key: keyOf(init),
    abilities: { headers: true, resume: "header", comments: true, status: true } as const,
  });
}

/** A function, a body or another fetch may do anything. */
function keyOf(init: FetchInit | ((context: FetchContext) => unknown)): string | undefined {
  if (typeof init === "function" || init.fetch || (init.body ?? "") !== "") return undefined;
  return `fetch ${JSON.stringify({ ...init, headers: [...new Headers(init.headers)] })}`;
}
