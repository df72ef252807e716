import createPolyfill from "eventsource-polyfill/dist/eventsource.js";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { tamePolyfill } from "../../../../src/transport/polyfill/tame-polyfill.mjs";

const published = createRequire(import.meta.url).resolve(
  "eventsource-polyfill/dist/eventsource.js",
);

/** As much of an XMLHttpRequest as the polyfill uses; the test plays the server. */
class FakeRequest {
  static all: FakeRequest[] = [];
  readyState = 0;
  status = 0;
  responseText = "";
  headers: Record<string, string> = {};
  onreadystatechange = () => {};
  constructor() {
    FakeRequest.all.push(this);
  }
  open() {}
  send() {}
  abort() {}
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value;
  }
  answer(status: number, text: string) {
    this.readyState = 3;
    this.status = status;
    this.responseText += text;
    this.onreadystatechange();
  }
}

// The source declares no more of the polyfill than it uses; this looks at more.
const createAnyPolyfill: (scope: object) => new (url: string, options: object) => any =
  createPolyfill as any;

const options = {
  getArgs: null,
  xhrHeaders: { Accept: "text/event-stream" },
  bufferSizeLimit: Infinity,
  silentTimeout: 0,
};

/** Streams, opened: the polyfill sends its requests from a timer. */
async function open(count: number) {
  FakeRequest.all = [];
  const Polyfill = createAnyPolyfill({
    window: { location: { origin: "https://a" } },
    XMLHttpRequest: FakeRequest,
    setTimeout,
    clearInterval,
  });
  const sources = Array.from({ length: count }, () => new Polyfill("https://a/stream", options));
  await new Promise((resolve) => setTimeout(resolve, 5));
  return sources.map((source, index) => ({ source, request: FakeRequest.all[index]! }));
}

test("neither looks at nor sets a global", async () => {
  const before = Reflect.ownKeys(globalThis);
  const [stream] = await open(1);
  const heard: unknown[] = [];
  stream!.source.addEventListener("message", (event: MessageEvent) =>
    heard.push([event.data, event.lastEventId, event.origin]),
  );
  stream!.request.answer(200, "id: 7\ndata: hello\n\n");
  expect(heard).toEqual([["hello", "7", "https://a"]]);
  expect(stream!.request.headers).toEqual({ Accept: "text/event-stream" });
  expect(Reflect.ownKeys(globalThis)).toEqual(before);
});

test("the failure of one stream does not end another", async () => {
  const [healthy, failing] = await open(2);
  healthy!.request.answer(200, ": hello\n\n");
  failing!.request.answer(500, "");
  healthy!.request.answer(200, ": still here\n\n");
  expect([healthy!.source.readyState, failing!.source.readyState]).toEqual([1, 2]);
});

test.each(["data", "receive", "message"])("an event named %s is delivered once", async (name) => {
  const [stream] = await open(1);
  const heard: string[] = [];
  stream!.source.addEventListener(name, (event: MessageEvent) => heard.push(event.data));
  stream!.request.answer(200, `event: ${name}\ndata: 1\n\n`);
  expect(heard).toEqual(["1"]);
});

test("the branch for Internet Explorer is gone", () => {
  expect(tamePolyfill().transform(readFileSync(published, "utf8"), published)?.code).not.toMatch(
    /new XDomainRequest|isOldIE|evs_preamble/,
  );
});

describe("a file that is not the one the patch was written for", () => {
  const source = readFileSync(published, "utf8");

  test.each([
    ["lacks a text", source.replace("})(this);", "})(self);")],
    ["has a text twice", `${source}\nrequest = new XMLHttpRequest();`],
  ])("fails the build when it %s", (_, changed) => {
    expect(() => tamePolyfill().transform(changed, published)).toThrow(
      /does not fit: expected .* 1 time\(s\), found [02].*0\.9\.6/,
    );
  });
});
