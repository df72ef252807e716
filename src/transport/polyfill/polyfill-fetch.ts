import createPolyfill from "eventsource-polyfill/dist/eventsource.js";

/** XMLHttpRequest keeps the whole response text: after this many characters the stream is ended, to be resumed from its last id. */
const LONGEST_RESPONSE = 32 * 2 ** 20;

/** What a reader of the response gets. */
type Chunk = ReadableStreamReadResult<string>;

/**
 * `fetch` for one event stream, by the eventsource-polyfill package: a response whose body yields text while it arrives.
 *
 * The package is tamed twice. At build time (tame-polyfill.mjs) it loses its grip on the page's globals; here it is reduced to what it is good for,
 * making the request and saying when text has come. Parsing, retrying and timing are done elsewhere, for it does them in ways of its own.
 */
export function polyfillFetch(
  url: string,
  { headers, credentials, signal }: RequestInit,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const PolyfillEventSource = createPolyfill({
      // One class a connection: whatever it keeps, no other stream sees it.
      XMLHttpRequest: function () {
        return xhr;
      } as unknown as typeof XMLHttpRequest,
      window: { location: { origin: "" } },
      // Its timers start the first request, which is done below, and retry, which is not its business.
      setTimeout: () => 0,
      clearInterval: () => undefined,
    });
    const source = new PolyfillEventSource(url, {
      getArgs: null,
      xhrHeaders: Object.fromEntries(new Headers(headers)),
      bufferSizeLimit: Infinity,
      silentTimeout: 0,
    });

    let unread = "";
    let ended = false;
    let failure: Error | undefined;
    let reader: { resolve: (chunk: Chunk) => void; reject: (error: Error) => void } | undefined;
    const serve = (): void => {
      if (!reader || !(unread || ended)) return;
      if (unread) reader.resolve({ done: false, value: unread });
      else if (failure) reader.reject(failure);
      else reader.resolve({ done: true, value: undefined });
      unread = "";
      reader = undefined;
    };
    const end = (error?: Error): void => {
      if (ended) return;
      ended = true;
      failure = error;
      signal?.removeEventListener("abort", abort);
      xhr.onreadystatechange = null;
      source.close();
      if (error) reject(error);
      serve();
    };
    const abort = (): void => {
      end(new Error("aborted"));
    };
    const respond = (): void => {
      const body = {
        getReader: () => ({
          read: () =>
            new Promise<Chunk>((resolve, reject) => {
              reader = { resolve, reject };
              serve();
            }),
          cancel: () => {
            end();
            return Promise.resolve();
          },
        }),
      };
      resolve({
        status: xhr.status,
        headers: headersOf(xhr),
        url: xhr.responseURL,
        body,
      } as unknown as Response);
    };

    Object.assign(source, {
      dispatchEvent(type: string) {
        // It is open, or it has met a status that it takes for an error: both are an answer. No status means that there was none.
        if (xhr.status) respond();
        if (type === "error") end(xhr.status ? undefined : new Error("the request failed"));
      },
      // "So much of the text is complete": all of it, whole events or not.
      lastMessageIndex: (text: string) => [text.length, text.length],
      parseStream(text: string) {
        unread += text;
        if (source.cursor + text.length > LONGEST_RESPONSE) end();
        serve();
      },
      // It would ask again; the stream has ended.
      pollAgain: () => {
        end();
      },
    });
    xhr.withCredentials = credentials === "include";
    signal?.addEventListener("abort", abort);
    source.poll();
    // An event stream is UTF-8, whatever its Content-Type says.
    if (xhr.readyState === 1) xhr.overrideMimeType("text/plain; charset=utf-8");
  });
}

function headersOf(xhr: XMLHttpRequest): Headers {
  const lines = xhr.getAllResponseHeaders().split("\r\n").filter(Boolean);
  return new Headers(
    lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(":")),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
}
