import { transformSync } from "esbuild";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as library from "../../src/index.ts";
import type {
  ConnectionError,
  ResilientEventSource,
  ResilientEventSourceOptions,
} from "../../src/index.ts";
import { root } from "../support/package/dist.ts";
import { snippets } from "../support/package/markdown.ts";

// The recipes of the guide, run as they stand there. (guides.test.ts compiles them with their types.)

const recipes = new Map(
  snippets(readFileSync(`${root}/demo/guides/answers.md`, "utf8"), "ts").map((snippet) => [
    /^\/\/ ([\w-]+\.ts)\n/.exec(snippet)![1]!,
    snippet,
  ]),
);

/** Runs a recipe as a module, and returns what it exports. */
function load(name: string): unknown {
  const { code } = transformSync(recipes.get(name)!, { loader: "ts", format: "cjs" });
  const require = (id: string): unknown =>
    id === "resilient-eventsource" ? library : load(id.replace("./", ""));
  const module: { exports: unknown } = { exports: {} };
  // oxlint-disable-next-line typescript/no-implied-eval -- our own guide
  new Function("require", "module", code)(require, module);
  return module.exports;
}

interface Arrival {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: any;
}
type Handler = (response: ServerResponse, arrival: Arrival) => void;

let url: string;
let arrivals: Arrival[];
let handlers: Handler[];
const methods = (): string[] => arrivals.map(({ method }) => method);
const cleanups: (() => void)[] = [];

beforeEach(async () => {
  arrivals = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      const { method, url: path, headers } = request;
      const body: unknown = text && JSON.parse(text);
      const arrival = { method: method!, path: path!, headers, body };
      const handle = handlers[Math.min(arrivals.length, handlers.length - 1)]!;
      arrivals.push(arrival);
      handle(response, arrival);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answers`;
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
});
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const head = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { "Content-Type": "text/event-stream" });
const ending =
  (text: string): Handler =>
  (response) =>
    head(response).end(text);
const staying =
  (text: string): Handler =>
  (response) =>
    head(response).write(text);
const cutAfter =
  (text: string): Handler =>
  (response) => {
    head(response).write(text);
    setTimeout(() => response.destroy(), 20);
  };
const refuse =
  (status: number, message: string, headers = {}): Handler =>
  (response) =>
    response
      .writeHead(status, { "Content-Type": "application/json", ...headers })
      .end(JSON.stringify({ error: { message } }));

const token = (text: string, id = ""): string =>
  `${id && `id: ${id}\n`}data: ${JSON.stringify({ text })}\n\n`;
const DONE = "data: [DONE]\n\n";

/** All texts of an answer, and the error that it ended with. */
async function read(answer: AsyncIterable<string>): Promise<{ text: string; error?: unknown }> {
  let text = "";
  try {
    for await (const piece of answer) text += piece;
  } catch (error) {
    return { text, error };
  }
  return { text };
}

test("every snippet has the name of a file, and each is run here", () => {
  expect([...recipes.keys()]).toEqual([
    "answer.ts",
    "ask.ts",
    "show.ts",
    "refusal.ts",
    "busy.ts",
    "typed.ts",
    "again.ts",
    "resumable.ts",
    "mcp.ts",
  ]);
});

describe("ask.ts", () => {
  const { ask } = load("ask.ts") as {
    ask(url: string, prompt: string, signal?: AbortSignal): AsyncGenerator<string>;
  };

  test("reads one answer up to [DONE], by one POST", async () => {
    handlers = [staying(token("Hel") + token("lo") + DONE + token("!"))];
    expect(await read(ask(url, "Hi"))).toEqual({ text: "Hello" });
    expect(arrivals).toMatchObject([{ method: "POST", body: { prompt: "Hi" } }]);
  });

  test("tells an end without [DONE] from a whole answer", async () => {
    handlers = [ending(token("Hel"))];
    const { text, error } = await read(ask(url, "Hi"));
    expect([text, String(error)]).toEqual(["Hel", "Error: The answer is incomplete."]);
  });

  test("throws network when it is cut, and does not ask again", async () => {
    handlers = [cutAfter(token("Hel", "1"))];
    const { text, error } = await read(ask(url, "Hi"));
    expect(text).toBe("Hel");
    expect(error).toMatchObject({ reason: "network" });
    expect(methods()).toEqual(["POST"]);
  });

  test("throws the reason of an abort", async () => {
    handlers = [staying(token("Hel"))];
    const controller = new AbortController();
    const answer = ask(url, "Hi", controller.signal);
    expect((await answer.next()).value).toBe("Hel");
    controller.abort();
    expect((await read(answer)).error).toMatchObject({ name: "AbortError" });
  });

  test("closes its source when the reader leaves", async () => {
    let isClosed = false;
    handlers = [
      (response) => {
        head(response).write(token("Hel"));
        response.on("close", () => (isClosed = true));
      },
    ];
    for await (const text of ask(url, "Hi")) if (text) break;
    await expect.poll(() => isClosed).toBe(true);
  });
});

describe("show.ts", () => {
  const { ask } = load("ask.ts") as {
    ask(url: string, prompt: string, signal?: AbortSignal): AsyncGenerator<string>;
  };
  const { showAnswer } = load("show.ts") as {
    showAnswer(answer: AsyncIterable<string>, append: (text: string) => void): Promise<void>;
  };
  /** The events in order: each appended text, and how it ended. */
  let happened: string[];
  const show = async (signal?: AbortSignal): Promise<unknown> => {
    happened = [];
    try {
      await showAnswer(ask(url, "Hi", signal), (text) => happened.push(text));
      happened.push("resolved");
      return undefined;
    } catch (error) {
      happened.push("rejected");
      return error;
    }
  };

  beforeEach(() => {
    // The longest frame there is: what is still pending at the end would be lost or late.
    vi.stubGlobal("requestAnimationFrame", (run: () => void) => setTimeout(run, 200));
    vi.stubGlobal("cancelAnimationFrame", clearTimeout);
  });
  afterEach(() => void vi.unstubAllGlobals());

  test("appends every token, in fewer calls than tokens, and resolves after the last", async () => {
    const texts = Array.from({ length: 500 }, (_, index) => `${index} `);
    handlers = [staying(texts.map((text) => token(text)).join("") + DONE)];
    expect(await show()).toBeUndefined();
    expect(happened.pop()).toBe("resolved");
    expect(happened.join("")).toBe(texts.join(""));
    expect(happened.length).toBeLessThan(50);
  });

  test("appends while the answer goes on", async () => {
    handlers = [staying(token("Hel"))];
    const controller = new AbortController();
    const shown = show(controller.signal);
    await expect.poll(() => happened).toEqual(["Hel"]);
    controller.abort();
    expect(await shown).toMatchObject({ name: "AbortError" });
  });

  test("rejects if the server ends without [DONE], after the last text", async () => {
    handlers = [ending(token("Hel"))];
    expect(String(await show())).toBe("Error: The answer is incomplete.");
    expect(happened).toEqual(["Hel", "rejected"]);
  });

  test("resolves if the connection is cut after [DONE]", async () => {
    handlers = [cutAfter(token("Hello") + DONE)];
    expect(await show()).toBeUndefined();
    expect(happened).toEqual(["Hello", "resolved"]);
  });

  test("appends what arrived before a cut, then rejects, then does nothing", async () => {
    handlers = [cutAfter(token("Hel") + token("lo"))];
    expect(await show()).toMatchObject({ reason: "network" });
    await new Promise((resolve) => setTimeout(resolve, 250)); // the frame that was requested
    expect(happened).toEqual(["Hello", "rejected"]);
  });

  test("rejects when it is refused or aborted", async () => {
    handlers = [refuse(400, "prompt is too long")];
    expect(await show()).toMatchObject({ status: 400 });
    handlers = [staying(token("Hel"))];
    expect(await show(AbortSignal.timeout(50))).toMatchObject({ name: "TimeoutError" });
  });
});

describe("what the guide says of a POST", () => {
  const post = (
    options: Omit<ResilientEventSourceOptions, "events" | "transport">,
    init: library.FetchInit = {},
  ): ResilientEventSource => {
    const source = new library.ResilientEventSource(url, {
      transport: library.fetchTransport({ method: "POST", body: "{}", ...init }),
      ...options,
    });
    cleanups.push(() => source.close());
    return source;
  };

  test.each([408, 425, 429, 503])(
    "retry: () => false repeats none, not after %i",
    async (status) => {
      handlers = [refuse(status, "rate limit", { "Retry-After": "1" })];
      const source = post({ backoff: { retry: () => false } });
      await expect.poll(() => source.state.status).toBe("closed");
      const { error } = source.state as { error: ConnectionError };
      expect(error).toMatchObject({ status, retryAfter: 1000 });
      expect(error.body).toContain("rate limit");
      expect(methods()).toEqual(["POST"]);
    },
  );

  test("heartbeatTimeout aborts a silent answer, and the POST is not sent again", async () => {
    let isAborted = false;
    handlers = [
      (response) => {
        head(response).write("data: Hel\n\n");
        response.on("close", () => (isAborted = true));
      },
    ];
    const source = post({ heartbeatTimeout: 100, backoff: { startingDelay: 0 } });
    let text = "";
    const reading = (async () => {
      for await (const piece of library.iterate(source, "message")) text += piece;
    })();
    await expect(reading).rejects.toMatchObject({ reason: "timeout", repeatable: false });
    await expect.poll(() => isAborted).toBe(true);
    expect(text).toBe("Hel");
    expect(methods()).toEqual(["POST"]);
  });

  test("heartbeatTimeout does not count before the head", async () => {
    handlers = [(response) => setTimeout(() => head(response).end("data: Hel\n\n"), 400)];
    const source = post({ heartbeatTimeout: 100 });
    const texts: unknown[] = [];
    for await (const text of library.iterate(source, "message")) texts.push(text);
    expect(texts).toEqual(["Hel"]);
  });

  test("batched delivers what is pending, also after close() and after the error", async () => {
    // Cut as soon as the event is read: no timer runs in between, so no batch is due.
    const cutAtOnce = (): Promise<Response> => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(Buffer.from("data: Hel\n\n")),
        pull: () => Promise.reject(new Error("cut")),
      });
      const headers = { "Content-Type": "text/event-stream" };
      return Promise.resolve(new Response(body, { headers }));
    };
    const source = post({}, { fetch: cutAtOnce });
    const happened: string[] = [];
    source.on(
      "message",
      library.batched<string>((texts) => happened.push(texts.join(""))),
    );
    source.addEventListener("error", ({ error }) => happened.push(error.reason));
    await expect.poll(() => happened).toEqual(["network", "Hel"]);

    handlers = [staying("data: Hel\n\n")];
    const closed = post({});
    const delivered: string[] = [];
    closed.on("message", () => closed.close());
    closed.on(
      "message",
      library.batched<string>((texts) => delivered.push(texts.join(""))),
    );
    await expect.poll(() => delivered).toEqual(["Hel"]);
    expect(closed.readyState).toBe(2);
  });
});

describe("refusal.ts and busy.ts", () => {
  const { ask } = load("ask.ts") as { ask(url: string, prompt: string): AsyncGenerator<string> };
  const { explain } = load("refusal.ts") as { explain(error: unknown): string };
  const { openAnswer } = load("answer.ts") as {
    openAnswer(url: string, prompt: string): ResilientEventSource<{ message: unknown }>;
  };
  const { watchBusy, retryIfSoon } = load("busy.ts") as {
    watchBusy(source: ResilientEventSource<any>, tell: (text: string) => void): void;
    retryIfSoon(error: ConnectionError): boolean;
  };

  test("say what the server said", async () => {
    handlers = [refuse(400, "prompt is too long")];
    expect(explain((await read(ask(url, "Hi"))).error)).toBe("prompt is too long");
    handlers = [(response) => response.writeHead(502, { "Content-Type": "text/html" }).end("<h1>")];
    expect(explain((await read(ask(url, "Hi"))).error)).toBe("the server answered 502");
    expect(explain(new RangeError("far behind"))).toBe("far behind");
  });

  test("say how long a busy server is waited for, which is asked again", async () => {
    handlers = [refuse(429, "rate limit", { "Retry-After": "0" }), staying(token("Hello"))];
    const source = openAnswer(url, "Hi");
    cleanups.push(() => source.close());
    const told: string[] = [];
    watchBusy(source, (text) => told.push(text));
    const [payload] = await new Promise<unknown[]>((resolve) =>
      source.on("message", (payload) => resolve([payload])),
    );
    expect(payload).toEqual({ text: "Hello" });
    expect(told).toEqual([expect.stringMatching(/^rate limit; again in [0-3] s$/)]);
    expect(methods()).toEqual(["POST", "POST"]);
  });

  test("give up where the wait is too long", () => {
    const refused = (retryAfter: number): ConnectionError =>
      new library.ConnectionError("", { reason: "status", status: 429, retryAfter });
    expect([retryIfSoon(refused(60_000)), retryIfSoon(refused(61_000))]).toEqual([true, false]);
    const cut = new library.ConnectionError("", { reason: "network", repeatable: false });
    expect(retryIfSoon(cut)).toBe(false);
  });
});

describe("typed.ts", () => {
  const { askTyped } = load("typed.ts") as {
    askTyped(url: string, prompt: string, signal?: AbortSignal): AsyncGenerator<string>;
  };
  const event = (name: string, data: unknown): string =>
    `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  const hello = event("delta", { text: "Hel" }) + event("delta", { text: "lo" });

  test("reads up to the last event", async () => {
    handlers = [staying(hello + event("done", {}))];
    expect(await read(askTyped(url, "Hi"))).toEqual({ text: "Hello" });
  });

  test("throws an error of the server after what came before it", async () => {
    handlers = [staying(hello + event("error", { message: "overloaded" }))];
    const { text, error } = await read(askTyped(url, "Hi"));
    expect([text, String(error)]).toEqual(["Hello", "Error: overloaded"]);
    handlers = [ending(hello)];
    expect(String((await read(askTyped(url, "Hi"))).error)).toContain("incomplete");
    expect(methods()).toEqual(["POST", "POST"]);
  });

  test("throws the reason of an abort", async () => {
    handlers = [staying(hello)];
    const { error } = await read(askTyped(url, "Hi", AbortSignal.timeout(50)));
    expect(error).toMatchObject({ name: "TimeoutError" });
  });
});

describe("again.ts", () => {
  const { askAgain } = load("again.ts") as {
    askAgain(
      url: string,
      prompt: string,
      render: (text: string) => void,
    ): ResilientEventSource<{ message: string }>;
  };

  test("sends the same key with every attempt, and renders the answer once", async () => {
    handlers = [
      cutAfter("data: Hel\n\n"),
      refuse(502, "bad gateway"),
      ending("data: Hel\n\ndata: lo\n\n"),
    ];
    let rendered = "";
    const source = askAgain(url, "Hi", (text) => (rendered = text));
    cleanups.push(() => source.close());
    await expect.poll(() => [source.state.status, rendered]).toEqual(["closed", "Hello"]);
    expect(source.state).toEqual({ status: "closed" });
    const keys = arrivals.map(({ headers }) => headers["idempotency-key"]);
    expect(methods()).toEqual(["POST", "POST", "POST"]);
    expect(keys[0]).toMatch(/^[\da-f-]{36}$/);
    expect(new Set(keys).size).toBe(1);
  });

  test("gives up where asking again changes nothing", async () => {
    handlers = [refuse(400, "prompt is too long")];
    const source = askAgain(url, "Hi", () => undefined);
    cleanups.push(() => source.close());
    await expect.poll(() => source.state.status).toBe("closed");
    expect(methods()).toEqual(["POST"]);
  });
});

describe("resumable.ts", () => {
  const { askResumable } = load("resumable.ts") as {
    askResumable(answers: string, prompt: string): AsyncGenerator<string>;
  };
  const words = Array.from({ length: 30 }, (_, index) => `word${index} `);

  /** The server that the guide describes: it keeps each answer by its id, and cuts now and then. */
  function serve(cuts: number): void {
    const prompts = new Map<string, string>();
    handlers = [
      (response, { method, path, headers, body }) => {
        if (method === "POST") prompts.set(body.id as string, body.prompt as string);
        else if (!prompts.has(path.replace("/answers/", ""))) return response.writeHead(404).end();
        const after = Number(headers["last-event-id"] ?? 0);
        head(response);
        const until = arrivals.length <= cuts ? after + 7 : words.length;
        for (let id = after + 1; id <= until; id++) response.write(token(words[id - 1]!, `${id}`));
        if (until === words.length) response.end("event: done\ndata\n\n");
        else setTimeout(() => response.destroy(), 20);
      },
    ];
  }

  test("starts by POST, resumes by GET after the last id: every word once, in order", async () => {
    serve(3);
    expect(await read(askResumable(url, "Count"))).toEqual({ text: words.join("") });
    expect(methods()).toEqual(["POST", "GET", "GET", "GET"]);
    const { id } = arrivals[0]!.body as { id: string };
    expect(arrivals.slice(1).map(({ path }) => path)).toEqual(Array(3).fill(`/answers/${id}`));
    expect(arrivals.map(({ headers }) => headers["last-event-id"])).toEqual([
      undefined,
      "7",
      "14",
      "21",
    ]);
  });

  test("a POST that was lost or refused before its answer is sent again with the same id", async () => {
    serve(0);
    handlers = [(response) => response.destroy(), refuse(503, "starting"), ...handlers];
    expect(await read(askResumable(url, "Count"))).toEqual({ text: words.join("") });
    expect(methods()).toEqual(["POST", "POST", "POST"]);
    expect(new Set(arrivals.map(({ body }) => body.id as string)).size).toBe(1);
  });

  test("a 204 ends it, and a 404 is an error", async () => {
    handlers = [cutAfter(token("Hello", "1")), (response) => response.writeHead(204).end()];
    expect(await read(askResumable(url, "Hi"))).toEqual({ text: "Hello" });
    arrivals = [];
    handlers = [refuse(404, "no such path")];
    expect((await read(askResumable(url, "Hi"))).error).toMatchObject({ status: 404 });
  });
});

describe("mcp.ts", () => {
  interface Message {
    readonly jsonrpc: "2.0";
    readonly id?: number;
    readonly method?: string;
  }
  const { callMcp } = load("mcp.ts") as {
    callMcp(
      endpoint: string,
      session: string,
      request: Message,
      receive: (message: Message) => void,
    ): Promise<unknown>;
  };
  const request: Message = { jsonrpc: "2.0", id: 7, method: "tools/call" };
  const response = { jsonrpc: "2.0", id: 7, result: { content: [] } };
  const progress = { jsonrpc: "2.0", method: "notifications/progress" };
  const message = (data: unknown, id = ""): string =>
    `${id && `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
  const call = async (): Promise<[unknown, Message[]]> => {
    const received: Message[] = [];
    return [await callMcp(url, "s1", request, (each) => received.push(each)), received];
  };

  test("takes the response from the stream of the POST", async () => {
    handlers = [staying(message(progress) + message(response))];
    expect(await call()).toEqual([response, [progress]]);
    expect(arrivals).toMatchObject([
      {
        method: "POST",
        body: request,
        headers: {
          "mcp-session-id": "s1",
          "mcp-protocol-version": "2025-11-25",
          accept: "application/json, text/event-stream",
        },
      },
    ]);
  });

  test("takes JSON in place of a stream", async () => {
    handlers = [
      (out) =>
        out.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(response)),
    ];
    expect(await call()).toEqual([response, []]);
    expect(methods()).toEqual(["POST"]);
  });

  test("polls by GET after the last id where the server ends the stream to make it wait", async () => {
    handlers = [
      // The event that primes the client: an id, and no data.
      ending("id: p1\nretry: 100\ndata\n\n"),
      ending(`retry: 100\n\n${message(progress, "p2")}`),
      ending(message(response, "p3")),
    ];
    const reported = vi.spyOn(console, "error");
    cleanups.push(() => reported.mockRestore());
    expect(await call()).toEqual([response, [progress]]);
    expect(reported).not.toHaveBeenCalled();
    expect(methods()).toEqual(["POST", "GET", "GET"]);
    expect(arrivals.map(({ headers }) => headers["last-event-id"])).toEqual([
      undefined,
      "p1",
      "p2",
    ]);
    expect(arrivals.map(({ headers }) => headers["mcp-session-id"])).toEqual(["s1", "s1", "s1"]);
  });

  test("resumes after a cut where there is an id, and never sends the request twice", async () => {
    handlers = [cutAfter(message(progress, "1")), staying(message(response, "2"))];
    expect((await call())[0]).toEqual(response);
    expect(methods()).toEqual(["POST", "GET"]);
    arrivals = [];
    handlers = [cutAfter(message(progress))];
    await expect(call()).rejects.toMatchObject({ reason: "network" });
    arrivals = [];
    handlers = [refuse(502, "bad gateway")];
    await expect(call()).rejects.toMatchObject({ status: 502 });
    expect(methods()).toEqual(["POST"]);
  });
});
