import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { Script } from "node:vm";
import { readFileSync } from "node:fs";
import { Window } from "happy-dom";
import ts from "typescript";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as library from "../../src/index.ts";
import { fakeStream } from "../../src/testing.ts";
import { root } from "../support/package/dist.ts";
import { snippets } from "../support/package/markdown.ts";

// The recipes, run as they are printed.

const { ResilientEventSource } = library;
const documents = {
  readme: "README.md",
  recipes: "demo/guides/recipes.md",
  frameworks: "demo/guides/frameworks.md",
};

/** The code under a heading, at whatever level it is. */
function recipe(document: keyof typeof documents, heading: string, language = "ts"): string {
  const text = readFileSync(`${root}/${documents[document]}`, "utf8");
  const part = text.split(/^#+ /m).find((section) => section.startsWith(`${heading}\n`));
  if (part === undefined) throw new Error(`there is no heading "${heading}"`);
  return snippets(part, language)[0]!;
}

let requests: IncomingMessage[];
let answer: (response: ServerResponse, count: number) => void;
let server: ReturnType<typeof createServer>;
let origin: string;
/** The sources that a recipe has made. */
let sources: library.ResilientEventSource[];

beforeEach(async () => {
  requests = [];
  sources = [];
  server = createServer((request, response) => {
    requests.push(request);
    request.resume().on("end", () => answer(response, requests.length));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  for (const source of sources) source.close();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

/** Runs a recipe in an app that has these names. Its URLs are those of the server. */
async function run(code: string, names: Record<string, unknown> = {}): Promise<void> {
  class Source extends ResilientEventSource {
    constructor(url: string, options?: library.ResilientEventSourceOptions) {
      super(origin + url, options);
      sources.push(this);
    }
  }
  Object.assign(Source, library); // as the global of the script tag
  const { outputText } = ts.transpileModule(code.replace(/^import .*\n/gm, ""), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const scope = { ...library, ResilientEventSource: Source, ...names };
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  await (AsyncFunction(...Object.keys(scope), outputText)(...Object.values(scope)) as unknown);
}

const open = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { "Content-Type": "text/event-stream" });
const status = (): string => sources[0]!.state.status;

/** The parts of an app with tokens. `refresh` answers the requests for a token, by their number. */
const withTokens = (refresh: (count: number) => Response = () => new Response()) => {
  let token = 1;
  let count = 0;
  return {
    getToken: async () => `token ${token}`,
    refreshToken: vi.fn(async () => {
      const response = refresh(++count);
      if (response.ok) token++;
      return response;
    }),
    logIn: vi.fn(() => new Promise<void>(() => {})),
    show: vi.fn(),
  };
};
/** Makes waits as long as jitter allows: the shortest would end between two polls of the state. */
const waitLongest = () => vi.spyOn(Math, "random").mockReturnValue(0.999);
/** Answers in this order; the last one is a stream that stays. */
const answering = (...statuses: number[]) => {
  answer = (response, count) => {
    if (statuses[count - 1]) response.writeHead(statuses[count - 1]!).end();
    else open(response).write(":\n\n");
  };
};

test("the token is refreshed once, and the stream goes on", async () => {
  answer = (response, count) => {
    if (count === 1) response.writeHead(401).end();
    else open(response).write(":\n\n");
  };
  const tokens = withTokens();
  await run(recipe("readme", "An expiring token"), tokens);
  await expect.poll(status).toBe("open");
  expect(requests.map(({ headers }) => headers.authorization)).toEqual([
    "Bearer token 1",
    "Bearer token 2",
  ]);
  expect(tokens.logIn).not.toHaveBeenCalled();
});

test("a token that is refused twice leads to a login, and to no third request", async () => {
  answer = (response) => response.writeHead(401).end();
  const tokens = withTokens();
  await run(recipe("readme", "An expiring token"), tokens);
  await expect.poll(status).toBe("closed");
  expect(requests).toHaveLength(2);
  expect(tokens.refreshToken).toHaveBeenCalledOnce();
  expect(tokens.logIn).toHaveBeenCalledOnce();
});

test("a connection that opened earns another refresh, and the login connects again", async () => {
  // Opens, ends; refused, refreshed, opens, ends; refused, refreshed, refused: log in; opens.
  const answers = [200, 401, 200, 401, 401, 200];
  answer = (response, count) => {
    if (answers[count - 1] === 401) response.writeHead(401).end();
    else if (count === answers.length) open(response).write(":\n\n");
    else open(response).end("retry: 500\n\n");
  };
  const tokens = withTokens();
  tokens.logIn.mockResolvedValue(undefined);
  await run(recipe("readme", "An expiring token"), tokens);
  await expect.poll(() => requests.length).toBe(answers.length);
  await expect.poll(status).toBe("open");
  expect(tokens.refreshToken).toHaveBeenCalledTimes(2);
  expect(tokens.logIn).toHaveBeenCalledOnce();
});

test.each([401, 403])("a session that is over (%i) leads to the login", async (over) => {
  answering(401);
  const tokens = withTokens(() => new Response(null, { status: over }));
  tokens.logIn.mockRejectedValue(new Error("cancelled"));
  await run(recipe("readme", "An expiring token"), tokens);
  await expect.poll(status).toBe("closed");
  expect(requests).toHaveLength(1);
  expect(tokens.logIn).toHaveBeenCalledOnce();
  await expect.poll(() => tokens.show.mock.calls).toEqual([[new Error("cancelled")]]);
});

test.each([
  ["is not reachable", () => Promise.reject(new TypeError("Failed to fetch"))],
  ["answers 503", async () => new Response(null, { status: 503 })],
])("a token server that %s is asked again after the usual wait", async (_, refuse) => {
  waitLongest();
  answering(401, 401);
  const tokens = withTokens();
  tokens.refreshToken.mockImplementationOnce(refuse);
  await run(recipe("readme", "An expiring token"), tokens);
  await expect.poll(status).toBe("waiting");
  sources[0]!.reconnect();
  await expect.poll(status).toBe("open");
  expect(tokens.refreshToken).toHaveBeenCalledTimes(2);
  expect(tokens.logIn).not.toHaveBeenCalled();
});

test("a token that expired during an outage is refreshed, too", async () => {
  waitLongest();
  answering(401, 503, 401);
  const tokens = withTokens();
  await run(recipe("readme", "An expiring token"), tokens);
  await expect.poll(() => [requests.length, status()]).toEqual([2, "waiting"]);
  sources[0]!.reconnect();
  await expect.poll(status).toBe("open");
  expect(tokens.refreshToken).toHaveBeenCalledTimes(2);
  expect(tokens.logIn).not.toHaveBeenCalled();
});

test("a getToken() that throws is an outage, which is retried", async () => {
  waitLongest();
  answering();
  const tokens = withTokens();
  const { getToken } = tokens;
  tokens.getToken = vi.fn(getToken).mockRejectedValueOnce(new Error("token 503"));
  await run(recipe("readme", "An expiring token"), tokens);
  await expect
    .poll(() => sources[0]!.state)
    .toMatchObject({
      status: "waiting",
      error: { reason: "network", message: "init failed: token 503" },
    });
  sources[0]!.reconnect();
  await expect.poll(status).toBe("open");
});

test("the policy of the frameworks is that of the README", () => {
  const policyOf = (snippet: string): string =>
    /^ +const wasNew[^]*?\n( +)return ok .*$/m.exec(snippet)![0];
  expect(policyOf(recipe("frameworks", "React"))).toBe(
    policyOf(recipe("readme", "An expiring token")),
  );
});

test("toasts tell of outages, once each, and not of failures before the first connection", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const stream = fakeStream();
  const source = new ResilientEventSource("https://example.com/", { transport: stream.transport });
  sources.push(source);
  const toasts: string[] = [];
  const code = recipe("frameworks", "Toasts for outages").replace("export ", "");
  const toast = (text: string): number => toasts.push(text);
  const stops: (() => void)[] = [];
  const keep = (stop: () => void): number => stops.push(stop);
  await run(`${code}\nkeep(toastOutages(source, toast));`, { source, toast, keep });

  await stream.requested();
  const fail = async (): Promise<void> => {
    stream.drop();
    await stream.settled();
    source.reconnect();
    await stream.requested();
  };
  await fail();
  stream.open();
  expect(toasts).toEqual([]);
  await fail();
  await fail();
  expect(toasts).toEqual(["Connection lost: network"]);
  stream.open();
  expect(toasts).toEqual(["Connection lost: network", "Back after 0 s"]);
  stops[0]!();
  await fail();
  expect(toasts).toHaveLength(2);
});

test("one answer takes one POST", async () => {
  answer = (response) =>
    open(response).end('event: delta\ndata: {"text":"a"}\n\nevent: delta\ndata: {"text":"b"}\n\n');
  const show = vi.fn();
  await run(recipe("readme", "One answer by POST"), { show });
  expect(show.mock.calls).toEqual([["a"], ["b"]]);
  expect(status()).toBe("closed");
  expect(requests.map(({ method }) => method)).toEqual(["POST"]);
});

test("an answer that is cut throws, and is not requested again", async () => {
  answer = (response) => {
    open(response).write('event: delta\ndata: {"text":"a"}\n\n', () => response.destroy());
  };
  await expect(run(recipe("readme", "One answer by POST"), { show() {} })).rejects.toMatchObject({
    reason: "network",
  });
  expect(requests).toHaveLength(1);
});

/** Storage as a tab has it; a duplicated tab gets a copy. */
const storage = (items = new Map<string, string>()) => ({
  items,
  getItem: (name: string) => items.get(name) ?? null,
  setItem: (name: string, value: string) => void items.set(name, value),
  removeItem: (name: string) => void items.delete(name),
});

test("the id of an earlier page load is used once", async () => {
  answer = (response) => open(response).write("id: 8\ndata: x\n\n");
  const page = new EventTarget();
  const sessionStorage = storage(new Map([["last id", "7"]]));
  await run(recipe("recipes", "Resume after a reload"), {
    sessionStorage,
    addEventListener: page.addEventListener.bind(page),
  });
  expect([...sessionStorage.items]).toEqual([]);
  await expect.poll(() => sources[0]!.lastEventId).toBe("8");
  expect(requests[0]!.headers["last-event-id"] ?? requests[0]!.url).toMatch(/\b7$/);

  page.dispatchEvent(new Event("pagehide"));
  expect([...sessionStorage.items]).toEqual([["last id", "8"]]);
  // Back from the back-forward cache: a tab that is duplicated now must not get the id.
  page.dispatchEvent(new Event("pageshow"));
  expect([...sessionStorage.items]).toEqual([]);
});

test("a page whose storage is denied starts without an id", async () => {
  answer = (response) => open(response).write(":\n\n");
  const page = new EventTarget();
  const denied = (): never => {
    throw new DOMException("denied", "SecurityError");
  };
  await run(recipe("recipes", "Resume after a reload"), {
    sessionStorage: { getItem: denied, setItem: denied, removeItem: denied },
    addEventListener: page.addEventListener.bind(page),
  });
  await expect.poll(status).toBe("open");
  page.dispatchEvent(new Event("pagehide"));
});

test("the badge counts down, and its button ends the wait", async () => {
  const { document } = new Window();
  answer = (response, count) => {
    if (count === 1) response.writeHead(503, { "Retry-After": "1000" }).end();
    else open(response).write(":\n\n");
  };
  const timers: NodeJS.Timeout[] = [];
  // It stands there as JavaScript, for a script tag.
  const badgeRecipe = recipe("readme", 'A badge with a countdown and "retry now"');
  expect(() => new Script(badgeRecipe)).not.toThrow();
  await run(badgeRecipe, {
    document,
    setInterval: (listener: () => void, delay: number) => timers.push(setInterval(listener, delay)),
  });
  const badge = document.querySelector("p")!;
  const button = document.querySelector("button")!;
  expect(button.textContent).toBe("Retry now");
  try {
    await expect.poll(() => badge.textContent).toMatch(/^waiting, next attempt in \d{4} s$/);
    expect(button.hidden).toBe(false);
    button.click();
    await expect.poll(() => badge.textContent).toBe("open");
    expect(button.hidden).toBe(true);
  } finally {
    for (const timer of timers) clearInterval(timer);
  }
});

test("the page of the script tag has no script inside, and app.js shows the price", async () => {
  vi.spyOn(console, "warn").mockReturnValue(undefined); // there are no Web Locks here
  const { document } = new Window();
  const page = recipe("recipes", "The script tag", "html");
  expect(page.match(/<script.*/g)).toEqual(page.match(/<script src="[\w.-]+"><\/script>/g));
  document.body.innerHTML = page.slice(page.indexOf("<p"), page.indexOf("<script"));
  const app = recipe("recipes", "The script tag", "js");
  expect(() => new Script(app)).not.toThrow();
  answer = (response) => open(response).write('event: price\ndata: {"eur":7}\n\n');
  await run(app, { document });
  await expect.poll(() => document.querySelector("#price")!.textContent).toBe("7");
});

test("a repeat is drawn once, within a connection and after a resume", async () => {
  const price = (id: number): string => `id: ${id}\nevent: price\ndata: {"eur":${id}}\n\n`;
  answer = (response, count) => {
    if (count === 1) open(response).end(`retry: 500\n\n${price(1)}${price(2)}${price(1)}`);
    else open(response).write(price(2) + price(3) + price(2) + price(3) + price(4));
  };
  const drawn: number[] = [];
  await run(recipe("recipes", "Repeats within one connection"), {
    draw: ({ eur }: { eur: number }) => drawn.push(eur),
  });
  await expect.poll(() => drawn).toContain(4);
  expect(drawn).toEqual([1, 2, 3, 4]);
});

test("dedupe alone passes on a repeat within a connection, and events without an id", async () => {
  answer = (response, count) => {
    if (count === 1) open(response).end("retry: 500\n\nid: 1\ndata: a\n\nid: 2\ndata: b\n\n");
    else
      open(response).write(
        "data: none\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\nid: 4\ndata: d\n\nid: 3\ndata: c\n\ndata: none\n\nid: 5\ndata: e\n\n",
      );
  };
  const texts: string[] = [];
  await run(
    `new ResilientEventSource("/", { dedupe: 9 }).on("message", (text) => texts.push(text))`,
    {
      texts,
    },
  );
  await expect.poll(() => texts).toContain("e");
  expect(texts).toEqual(["a", "b", "none", "c", "d", "c", "none", "e"]);
});

test("a connection that is cut before its first event resumes after a block with only an id", async () => {
  answer = (response, count) => {
    if (count === 1) open(response).write("id: 41\n\n", () => response.destroy());
    else open(response).write(":\n\n");
  };
  await run(
    `new ResilientEventSource("/", { transport: fetchTransport(), backoff: { startingDelay: 0 } })`,
  );
  await expect.poll(status).toBe("open");
  expect(requests[1]!.headers["last-event-id"]).toBe("41");
});
