import fc from "fast-check";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import {
  ResilientEventSource,
  type ConnectionError,
  type ConnectionErrorReason,
  type ConnectionState,
} from "../../src/index.ts";
import { PATIENCE } from "../support/patience.ts";

// Heads and bodies that no server should send, over fetch in Node. Every run ends in a state that
// the retry table knows; none ends the process, hangs, or leaves a socket.

/** `FUZZ=20000` makes many more. */
const RUNS = Number(process.env["FUZZ"] ?? 300);
/** At once: most of the time is spent in waiting. */
const AT_ONCE = 10;

const reasons: readonly ConnectionErrorReason[] = [
  "network",
  "ended",
  "timeout",
  "status",
  "content-type",
  "unsupported",
];

/** The bytes that the server writes, piece by piece, and how it ends the connection. */
interface Answer {
  pieces: Buffer[];
  end: "FIN" | "RST";
}

const text = (...values: string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const noise = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString("latin1"));

const statusLine = fc.oneof(
  { weight: 6, arbitrary: text("HTTP/1.1 200 OK") },
  fc.integer({ min: 100, max: 700 }).map((status) => `HTTP/1.1 ${status} Fault`),
  text(
    "HTTP/1.0 200 OK",
    "HTTP/1.1 200",
    "HTTP/1.1 20",
    "HTTP/2 200 OK",
    "ICY 200 OK",
    "200 OK",
    "",
  ),
  noise,
);
// Without compression: in Node 20, fetch itself never ends a compressed body if the connection is
// reset. Only `heartbeatTimeout` finds that.
const header = fc.oneof(
  { weight: 6, arbitrary: text("Content-Type: text/event-stream") },
  text(
    "Content-Type: text/event-stream, application/json",
    "Content-Type: text/html",
    "Content-Type:",
    "Content-Type: text/ev",
    "Content-Length: 7",
    "Content-Length: 7, 8",
    "Content-Length: -1",
    "Content-Length: 99999999999999999999",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: nonsense",
    "Content-Encoding: nonsense",
    "Location: /again",
    "Location: http://[",
    "Location: ftp://a.invalid/",
    "Retry-After: 3",
    "Retry-After: -7",
    "Retry-After: 1e99",
    "Set-Cookie: a=b",
    "Connection: upgrade\r\nUpgrade: websocket",
    " folded: yes",
    ": no name",
    "no colon",
  ),
  noise.map((value) => `X-Noise: ${value}`),
  noise,
);
const wildHead = fc
  .tuple(statusLine, fc.array(header, { maxLength: 6 }), text("\r\n", "\n", "\r"))
  .map(([status, headers, end]) => [status, ...headers, "", ""].join(end));
/** One that is read to its end, and that opens a stream most often, so that the body counts. */
const wellFormedHead = fc
  .tuple(
    fc.oneof({ weight: 6, arbitrary: fc.constant(200) }, fc.integer({ min: 200, max: 599 })),
    fc.oneof({ weight: 6, arbitrary: text("text/event-stream") }, text("text/html", "")),
    text("", "", "Transfer-Encoding: chunked\r\n", "Content-Length: 200\r\n", "Retry-After: 9\r\n"),
  )
  .map(
    ([status, type, more]) => `HTTP/1.1 ${status} Fault\r\nContent-Type: ${type}\r\n${more}\r\n`,
  );
const head = fc.oneof(wildHead, { weight: 2, arbitrary: wellFormedHead });

const id = fc.oneof(
  fc.nat().map(String),
  text("", "\0", "\x01", "\x7f", "日本", "x".repeat(9000), " ", "a\tb"),
);
const line = fc.oneof(
  { weight: 4, arbitrary: fc.string().map((value) => `data: ${value}`) },
  { weight: 2, arbitrary: id.map((value) => `id: ${value}`) },
  text(
    "data",
    "data:",
    ":",
    ": comment",
    "event: price",
    "event: error",
    "event: __proto__",
    "event",
    "retry: 0",
    "retry: 99999999999999999999",
    "retry: -1",
    "retry: soon",
    "",
    "",
    "",
    "\ufeffdata: a",
    "x".repeat(70_000),
  ),
  noise,
);
const eventStream = fc
  .tuple(fc.array(line, { maxLength: 12 }), text("\n", "\r\n", "\r"))
  .map(([lines, end]) => lines.join(end));
const chunks = fc
  .array(fc.tuple(text("", "0", "zz", "-", "ffffffffffffffffff", ";x=y"), eventStream))
  .map((parts) =>
    parts
      .map(([size, body]) => `${size || Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`)
      .join(""),
  );
const body = fc.oneof({ weight: 4, arbitrary: eventStream }, chunks, noise);

const answers: fc.Arbitrary<Answer> = fc
  .record({
    head: fc.oneof({ weight: 9, arbitrary: head }, noise),
    body,
    isLatin1: fc.boolean(),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
    keeps: fc.oneof(
      { weight: 4, arbitrary: fc.constant(1) },
      fc.double({ min: 0, max: 1, noNaN: true }),
    ),
    end: fc.constantFrom("FIN" as const, "RST" as const),
  })
  .map(({ head, body, isLatin1, cuts, keeps, end }) => {
    const all = Buffer.concat([
      Buffer.from(head, "latin1"),
      Buffer.from(body, isLatin1 ? "latin1" : "utf8"),
    ]);
    const kept = all.subarray(0, Math.ceil(keeps * all.length));
    const places = [0, ...cuts.sort(), 1].map((place) => Math.round(place * kept.length));
    const pieces = places.slice(1).map((place, index) => kept.subarray(places[index], place));
    return { pieces: pieces.filter(({ length }) => length), end };
  });

let listener: Server;
const sockets = new Set<Socket>();
/** The answers that are still to be given, by path. */
const pending = new Map<string, Answer>();
const uncaught: unknown[] = [];
const catchIt = (error: unknown): void => void uncaught.push(error);

beforeAll(async () => {
  listener = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    let request = "";
    socket.on("data", (bytes) => {
      request += bytes.toString("latin1");
      if (request.includes("\r\n\r\n")) void respond(socket, request.split(" ")[1]!);
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  process.on("uncaughtException", catchIt);
  process.on("unhandledRejection", catchIt);
});
afterAll(() => {
  process.off("uncaughtException", catchIt);
  process.off("unhandledRejection", catchIt);
  for (const socket of sockets) socket.destroy();
  listener.close();
});

async function respond(socket: Socket, path: string): Promise<void> {
  // A redirect to the same server finds nothing more to answer.
  const { pieces, end } = pending.get(path) ?? { pieces: [], end: "FIN" };
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (end === "RST") socket.resetAndDestroy();
  else socket.destroySoon();
}

let paths = 0;

/** Connects once. Resolves some time after the end of the connection, with what the source told. */
function run(answer: Answer): Promise<{ opened: number; states: ConnectionState[] }> {
  const path = `/${++paths}`;
  pending.set(path, answer);
  const { port } = listener.address() as AddressInfo;
  const source = new ResilientEventSource(`http://127.0.0.1:${port}${path}`, {
    backoff: { numOfAttempts: 1 },
  });
  let opened = 0;
  const states: ConnectionState[] = [];
  source.addEventListener("open", () => opened++);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      source.close();
      reject(
        new Error(`no end, ${JSON.stringify([source.state, String(answer.pieces), answer.end])}`),
      );
    }, PATIENCE);
    source.addEventListener("error", () => {
      clearTimeout(timer);
      states.push(source.state);
      pending.delete(path);
      // Another error would be one too many.
      setTimeout(() => {
        source.close();
        resolve({ opened, states });
      }, 20);
    });
  });
}

test(
  `${RUNS} heads and bodies: each run ends in a state that the table knows`,
  async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(answers, { minLength: AT_ONCE, maxLength: AT_ONCE, size: "max" }),
        async (all) => {
          for (const { opened, states } of await Promise.all(all.map(run))) {
            expect(states).toHaveLength(1);
            const [state] = states;
            const { error } = state as { error?: ConnectionError };
            // A 204 is a normal end, without an error in the state.
            const reason = error?.reason ?? "204";
            expect([...reasons, "204"]).toContain(reason);
            expect(error?.message).not.toBe("");
            // One attempt is all there is; but the end of a stream that named a `retry` is no failure.
            expect(state!.status).toBe(
              reason === "ended" && state!.status === "waiting" ? "waiting" : "closed",
            );
            if (reason === "ended") expect(opened).toBe(1);
            expect(uncaught).toEqual([]);
            const key = `${reason}, ${opened ? "opened" : "not opened"}`;
            seen.set(key, (seen.get(key) ?? 0) + 1);
          }
        },
      ),
      // The same ones each time, unless there are more.
      { numRuns: Math.ceil(RUNS / AT_ONCE), ...(RUNS === 300 && { seed: 1 }) },
    );
    warn.mockRestore();
    await expect.poll(() => sockets.size, { interval: 5 }).toBe(0);
    console.log(`how ${RUNS} fuzzed responses ended`, Object.fromEntries(seen));
    // It reaches every kind of end but those that need time, or a request of another kind.
    expect([...seen.keys()]).toEqual(
      expect.arrayContaining([
        "ended, opened",
        "network, opened",
        "network, not opened",
        "status, not opened",
        "content-type, not opened",
      ]),
    );
  },
  120_000 + 100 * RUNS,
);
