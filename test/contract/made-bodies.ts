// Bodies that no server sends. Runs in Node and in pages, so it imports nothing that one of them
// lacks.
import { nextTask } from "../../src/util/next-task.ts";
import type { Transport } from "../../src/transport/transport.ts";

export interface MadeBody {
  /** How many events each chunk has. */
  chunks: number[];
  /**
   * The body closes `late` (when another chunk is asked for) or with the last chunk; or it breaks,
   * late or in the task after the last chunk.
   */
  end?: "closed late" | "closed at once" | "broken late" | "broken soon";
  /** All chunks wait from the start. */
  isQueued?: boolean;
  /** Other code reads the body, too. */
  isCopied?: boolean;
  /** When the source closes, it answers a read that waits with a buffer. */
  answers?: boolean;
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** An event with this data that takes 8 KB. */
export function large(data: number): string {
  const head = `data: ${data}\n:`;
  return `${head.padEnd(8190, "x")}\n\n`;
}

/** A `fetch` without a server: the query of the URL describes the body. */
export const fetchMade: Fetch = (url) => {
  const made = JSON.parse(decodeURIComponent(new URL(url).search.slice(1))) as MadeBody;
  const body = made.isCopied ? withReader(streamOf(made)) : streamOf(made);
  return Promise.resolve(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
};

const ownFetch: Fetch = fetch;

/** `fetch`, with other code that reads each body, too. */
export const fetchCopied: Fetch = async (url, init) => {
  const response = await ownFetch(url, init);
  void readAlong(response.clone());
  return response;
};

/** A transport for which the global `fetch` is another one. */
export function withGlobal(fetcher: Fetch, transport: Transport): Transport {
  return async (request, sink) => {
    const before = globalThis.fetch;
    globalThis.fetch = fetcher as typeof fetch;
    const settled = transport(request, sink);
    globalThis.fetch = before;
    await settled;
  };
}

function withReader(body: ReadableStream): ReadableStream {
  const [ours, theirs] = body.tee();
  void readAlong(new Response(theirs));
  return ours;
}

function readAlong(response: Response): Promise<unknown> {
  return response.arrayBuffer().catch(() => undefined);
}

/** A byte stream, or an ordinary stream where the browser cannot make one. */
function streamOf({
  chunks,
  end = "closed late",
  isQueued = false,
  answers = false,
}: MadeBody): ReadableStream {
  const encoder = new TextEncoder();
  const waiting = [...chunks];
  let sent = 0;
  const close = (controller: ReadableByteStreamController): void => {
    controller.close();
    if (answers) controller.byobRequest?.respond(0);
  };
  const fail = (controller: ReadableByteStreamController): void => {
    controller.error(new Error("cut"));
  };
  const give = (controller: ReadableByteStreamController): void => {
    const count = waiting.shift();
    if (count === undefined) {
      if (end === "closed late") close(controller);
      if (end === "broken late") fail(controller);
      return;
    }
    controller.enqueue(encoder.encode(Array.from({ length: count }, () => large(sent++)).join("")));
    if (waiting.length > 0) return;
    if (end === "closed at once") close(controller);
    if (end === "broken soon") void nextTask().then(() => fail(controller));
  };
  const source = {
    start: (controller: ReadableByteStreamController) => {
      while (isQueued && waiting.length) give(controller);
    },
    // The read has to come first.
    pull: async (controller: ReadableByteStreamController) => {
      await nextTask();
      give(controller);
    },
  };
  try {
    return new ReadableStream({ ...source, type: "bytes" });
  } catch {
    return new ReadableStream(source as object, { highWaterMark: 0 });
  }
}
