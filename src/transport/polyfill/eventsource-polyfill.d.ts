// The file as tame-polyfill.mjs changes it: a function of the few globals that it uses.
declare module "eventsource-polyfill/dist/eventsource.js" {
  interface PolyfillEventSource {
    readonly CLOSED: 2;
    readonly readyState: number;
    readonly cursor: number;
    lastEventId: string | null;
    /** The request that `close` aborts. */
    _xhr: unknown;
    poll(): void;
    close(): void;
  }
  interface PolyfillOptions {
    getArgs: null;
    xhrHeaders: Record<string, string>;
    bufferSizeLimit: number;
    silentTimeout: number;
  }
  interface PolyfillScope {
    window: { location: { origin: string } };
    XMLHttpRequest: typeof XMLHttpRequest;
    setTimeout: () => number;
    clearInterval: () => void;
  }
  export default function createPolyfill(
    scope: PolyfillScope,
  ): new (url: string, options: PolyfillOptions) => PolyfillEventSource;
}
