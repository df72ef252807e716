import createPolyfill from "eventsource-polyfill/dist/eventsource.js";

/**
 * XMLHttpRequest keeps the whole response text. After this many characters the stream is ended, and
 * the next connection resumes from its last id.
 */
const LONGEST_RESPONSE = 32 * 2 ** 20;

/** The result of a read of the body. */
type Chunk = ReadableStreamReadResult<string>;

/**
 * `fetch` for one event stream, made with the eventsource-polyfill package: the body of the
 * response yields text while it arrives.
 *
 * The package is tamed twice. At build time (tame-polyfill.mjs) it loses its access to the page's
 * globals. Here it only makes the request and says when text has come: its parser, retries and
 * timers are disabled, and our own code does their work.
 */
// Long, but one function: everything in it may end the one request.
export function polyfillFetch(
  url: string,
  { headers, credentials, signal }: RequestInit,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const source = createSource(xhr, url, headers);
    const text = createTextBody(() => {
      end();
    });
    let ended = false;
    const end = (error?: Error): void => {
      if (ended) return;
      ended = true;
      signal?.removeEventListener("abort", abort);
      xhr.onreadystatechange = null;
      source.close();
      xhr.abort();
      if (error) reject(error);
      text.end(error);
    };
    const abort = (): void => {
      end(new Error("aborted"));
    };

    /**
     * On a refusal the package would abort as soon as it sees the status. The body is read all the
     * same: it says why.
     */
    const readRefusal = (): void => {
      source._xhr = null;
      let read = 0;
      xhr.onreadystatechange = () => {
        text.push(xhr.responseText.slice(read));
        read = xhr.responseText.length;
        if (xhr.readyState === 4) end();
      };
    };

    Object.assign(source, {
      dispatchEvent(type: string) {
        // `open`, or an `error` for a status that it refuses: both are a response. Without a status
        // there was none.
        const { status, responseURL } = xhr;
        const response = { status, headers: headersOf(xhr), url: responseURL, body: text.body };
        if (status) resolve(response as unknown as Response);
        if (type !== "error") return;
        if (status) readRefusal();
        else end(new Error("the request failed"));
      },
      // How much of the text is complete: all of it, even within an event.
      lastMessageIndex: (text: string) => [text.length, text.length],
      parseStream(next: string) {
        text.push(next);
        if (source.cursor + next.length > LONGEST_RESPONSE) end();
      },
      // Called when the stream has ended, to connect again.
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

/** Creates a source of the package that uses this very request, and makes none on its own. */
function createSource(xhr: XMLHttpRequest, url: string, headers: HeadersInit | undefined) {
  const PolyfillEventSource = createPolyfill({
    // One class per connection: streams share no state.
    XMLHttpRequest: function () {
      return xhr;
    } as unknown as typeof XMLHttpRequest,
    window: { location: { origin: "" } },
    // The package's timers would start the request and the retries. polyfillFetch starts the
    // request itself.
    setTimeout: () => 0,
    clearInterval: () => undefined,
  });
  return new PolyfillEventSource(url, {
    getArgs: null,
    xhrHeaders: Object.fromEntries(new Headers(headers)),
    bufferSizeLimit: Infinity,
    silentTimeout: 0,
  });
}

/** A body that yields the text pushed into it, with as much of a ReadableStream as is used here. */
function createTextBody(cancel: () => void) {
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
  return {
    push(text: string): void {
      unread += text;
      serve();
    },
    end(error?: Error): void {
      ended = true;
      failure = error;
      serve();
    },
    body: {
      getReader: () => ({
        read: () =>
          new Promise<Chunk>((resolve, reject) => {
            reader = { resolve, reject };
            serve();
          }),
        cancel: () => {
          cancel();
          return Promise.resolve();
        },
      }),
    },
  };
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
