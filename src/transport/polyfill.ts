import { ConnectionError } from "../errors.ts";
import { EventStream } from "./event-stream.ts";
import { toByteString } from "./headers.ts";
import { assertEventStream } from "./response.ts";
import { resumeRequest } from "./resume.ts";
import type { Transport } from "./transport.ts";

/** XMLHttpRequest keeps the whole response text: after this many characters the connection is ended, and made again from the last id. */
const LONGEST_RESPONSE = 32 * 2 ** 20;

/**
 * Connects by the eventsource-polyfill package, over XMLHttpRequest: for a browser with neither EventSource nor streaming fetch. Its code is loaded
 * on the first connection, as a chunk of its own.
 *
 * The package is tamed at build time (see rollup.config.mjs: it touches no global) and here: it makes the request and says when text arrived; parsing,
 * retrying and timing, which it does in ways of its own, are taken out of its hands.
 */
export function polyfillTransport(): Transport {
  const connect: Transport = async (request, sink) => {
    if (typeof XMLHttpRequest !== "function") throw new ConnectionError("nothing here can read an event stream", { reason: "unsupported" });
    const { default: createPolyfill } = await import("eventsource-polyfill/dist/eventsource.js");
    const { signal, lastEventId } = request;
    if (signal.aborted) return;
    await new Promise<void>((resolve, reject) => {
      const { url, header } = resumeRequest(request, true);
      const xhr = new XMLHttpRequest();
      const PolyfillEventSource = createPolyfill({
        // One class a connection: whatever it keeps, no other stream sees it.
        XMLHttpRequest: function () {
          return xhr;
        } as unknown as typeof XMLHttpRequest,
        window: { location: { origin: new URL(url).origin } },
        // Its timers start the first request, which is done below, and retry, which is not its business.
        setTimeout: () => 0,
        clearInterval: () => undefined,
      });
      let stream: EventStream | undefined;
      const source = new PolyfillEventSource(url, { getArgs: null, xhrHeaders: { Accept: "text/event-stream" }, bufferSizeLimit: Infinity, silentTimeout: 0 });

      const end = (error?: ConnectionError): void => {
        signal.removeEventListener("abort", abort);
        xhr.onreadystatechange = null;
        source.close();
        if (error) reject(error);
        else resolve();
      };
      const abort = (): void => {
        end();
      };
      const parse = (text: string): void => {
        try {
          stream?.feed(text);
          while (!signal.aborted && stream?.next());
        } catch (error) {
          end(error as ConnectionError);
        }
      };

      Object.assign(source, {
        dispatchEvent(type: string) {
          try {
            if (xhr.status) assertEventStream(xhr.status, responseHeaders(xhr));
            else if (type === "error") throw new ConnectionError(stream ? "the connection was cut" : "the server was not reached", { reason: "network" });
            if (type === "open") {
              stream = new EventStream(sink, lastEventId, new URL(xhr.responseURL || url).origin);
              sink.open({ status: xhr.status, headers: responseHeaders(xhr) });
            }
          } catch (error) {
            end(error as ConnectionError);
          }
        },
        // "From here to there is text": all of it, whole blocks or not.
        lastMessageIndex: (buffer: string) => [buffer.length, buffer.length],
        parseStream(text: string) {
          if (signal.aborted || source.readyState === source.CLOSED || !text) return;
          sink.activity();
          parse(text);
          if (source.cursor + text.length > LONGEST_RESPONSE) end();
        },
        // It would ask again; the stream has ended.
        pollAgain: () => {
          end();
        },
      });
      if (header) source.lastEventId = toByteString(header);
      xhr.withCredentials = request.withCredentials;
      signal.addEventListener("abort", abort);
      source.poll();
      // An event stream is UTF-8, whatever its Content-Type says.
      if (xhr.readyState === 1) xhr.overrideMimeType("text/plain; charset=utf-8");
    });
  };
  return Object.assign(connect, { abilities: { headers: false, resume: "header", comments: true, status: true } as const });
}

function responseHeaders(xhr: XMLHttpRequest): Headers {
  const lines = xhr.getAllResponseHeaders().trim().split("\r\n");
  return new Headers(lines.filter(Boolean).map((line): [string, string] => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
}
