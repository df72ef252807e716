// The tools of the tests in a page or a worker: a server with instructions, sources that are closed
// at the end, and assertions.

/**
 * The server's answer. `{name}` in the body or in a header's value is replaced by the request's
 * header of that name.
 */
export interface Answer {
  status?: number;
  /** Added to `Content-Type: text/event-stream`. */
  headers?: Record<string, string>;
  body?: string;
  /** The server waits this long before it answers (ms). */
  delay?: number;
}

/** A request as the server saw it. */
export interface Seen {
  method: string;
  /** By lower-case name. */
  headers: Record<string, string>;
}

/** A delivered event, and the source's readyState at that moment. */
export interface Delivered {
  event: MessageEvent<string>;
  readyState: number;
}

const { searchParams } = new URL(globalThis.location?.href ?? "http://node.invalid/");
/** The origin of another server. */
export const away = searchParams.get("away") ?? "";

let streams = 0;

/** The URL of a stream of its own: one answer a request; the last answer is repeated. */
export function stream(answers: string | Answer | Answer[], { origin = "" } = {}): string {
  const list = typeof answers === "string" ? [{ body: answers }] : answers;
  const key = `${searchParams.get("run")}-${++streams}`;
  return `${origin}/stream?${new URLSearchParams({ key, answers: JSON.stringify([list].flat()) })}`;
}

/**
 * The URL of a stream with one answer for requests without a Last-Event-ID, and one for those with
 * it.
 */
export function resumableStream(
  fresh: Answer,
  resumed: Answer,
  options?: { origin?: string },
): string {
  return `${stream([fresh, resumed], options)}&by=id`;
}

/** The requests for a stream so far. */
export async function requestsTo(url: string): Promise<Seen[]> {
  const { origin, searchParams } = new URL(url, location.href);
  return (await fetch(`${origin}/seen?key=${searchParams.get("key")}`)).json();
}

/** Allows the page that asks, credentials included. */
export const cors = {
  "Access-Control-Allow-Origin": "{origin}",
  "Access-Control-Allow-Credentials": "true",
};

/**
 * Listens to these events and returns them one by one, in order. Earlier events wait until they are
 * asked for.
 */
export function deliveries(source: EventSource, ...types: string[]): () => Promise<Delivered> {
  const arrived: Delivered[] = [];
  let wake = (): void => undefined;
  for (const type of types) {
    source.addEventListener(type, (event) => {
      arrived.push({ event, readyState: source.readyState });
      wake();
    });
  }
  return async () => {
    while (!arrived.length) await new Promise<void>((resolve) => (wake = resolve));
    return arrived.shift()!;
  };
}

/** The next event of one type. */
export function once(source: EventSource, type: string): Promise<Delivered> {
  return deliveries(source, type)();
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const [is, ought] = [actual, expected].map((value) => JSON.stringify(value) ?? String(value));
  if (is !== ought) throw new Error(`${what}: ${is}, not ${ought}`);
}

export function throws(act: () => unknown, name: string): void {
  let thrown = "nothing";
  try {
    act();
  } catch (error) {
    thrown = (error as Error).name;
  }
  equal(thrown, name, "thrown");
}
