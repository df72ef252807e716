import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pieces, readBody, type Chunk } from "../../src/transport/body.ts";

/** What is there in each part, and how much room each read offered. */
function byteStream(parts: readonly number[]): { body: ReadableStream<Uint8Array>; sent: Uint8Array; rooms: number[] } {
  const sent = Uint8Array.from({ length: parts.reduce((sum, length) => sum + length, 0) }, (_, index) => index % 251);
  const rooms: number[] = [];
  const waiting = [...parts];
  let at = 0;
  const body = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const request = controller.byobRequest!;
      const view = request.view as Uint8Array<ArrayBuffer>;
      const length = Math.min(waiting.shift() ?? 0, view.byteLength);
      if (length === 0) {
        controller.close();
        request.respond(0);
        return;
      }
      rooms.push(view.byteLength);
      view.set(sent.subarray(at, at + length));
      at += length;
      request.respond(length);
    },
  });
  return { body, sent, rooms };
}

/** Reads to the end; what a chunk holds is taken before the next one is asked for. */
async function readAll(body: ReadableStream<Chunk>): Promise<Chunk[]> {
  const reader = readBody(body);
  const chunks: Chunk[] = [];
  for (;;) {
    const chunk = await reader.read();
    if (chunk === undefined) return chunks;
    chunks.push(chunk.slice());
  }
}

const join = (chunks: readonly Chunk[]): Chunk =>
  typeof chunks[0] === "string" ? chunks.join("") : Uint8Array.from((chunks as Uint8Array[]).flatMap((chunk) => [...chunk]));

const KB = 1024;
const MB = 1024 * KB;

describe("the room for a chunk", () => {
  test("is a kilobyte as long as little arrives", async () => {
    const { body, rooms } = byteStream([75, 1, 1023, 500]);
    await readAll(body);
    expect(rooms).toEqual([KB, KB, KB, KB]);
  });

  test("grows to a megabyte while each is filled, and shrinks when little arrives", async () => {
    const { body, rooms } = byteStream([KB, 32 * KB, MB, MB, 100, 100, 100, 100]);
    await readAll(body);
    expect(rooms).toEqual([KB, 32 * KB, MB, MB, MB, 32 * KB, KB, KB]);
  });

  test("stays as long as it fits", async () => {
    const { body, rooms } = byteStream([KB, KB, 32 * KB - 1, 32 * KB, 32 * KB, KB]);
    await readAll(body);
    expect(rooms).toEqual([KB, 32 * KB, 32 * KB, 32 * KB, MB, MB]);
  });
});

test("whatever arrives is read, byte for byte", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: KB }), { maxLength: 20 }), async (parts) => {
      const { body, sent } = byteStream(parts);
      expect(join(await readAll(body))).toEqual(sent);
    }),
  );
});

test.each<[string, Chunk[]]>([
  ["bytes", [Uint8Array.of(1, 2), Uint8Array.of(3)]],
  ["text", ["data: 1\n", "\n"]],
])("a body that brings its own chunks, %s, gives them as they are", async (_, chunks) => {
  const body = new ReadableStream<Chunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  expect(await readAll(body)).toEqual(chunks);
});

test("a body that is no real stream, and does not look at what it is asked, gives its own chunks, too", async () => {
  const chunks = ["data: 1\n", "\n", "data"];
  const read = (): Promise<{ done: boolean; value: Chunk | undefined }> => {
    const value = chunks.shift();
    return Promise.resolve({ done: value === undefined, value });
  };
  const body = { getReader: () => ({ read, cancel: () => Promise.resolve() }) } as unknown as ReadableStream<Chunk>;
  expect(await readAll(body)).toEqual(["data: 1\n", "\n", "data"]);
});

test.each(["bytes", undefined] as const)(
  "an error of the body is one of the read, and the end of a cancelled one is none: type %s",
  async (type) => {
    const cause = new Error("cut");
    const broken = readBody(new ReadableStream({ type, pull: () => Promise.reject(cause) } as UnderlyingDefaultSource<Chunk>));
    await expect(broken.read()).rejects.toBe(cause);
    const quiet = readBody(new ReadableStream({ type } as UnderlyingDefaultSource<Chunk>));
    const read = quiet.read();
    await quiet.cancel();
    expect(await read).toBeUndefined();
  },
);

describe("pieces of a chunk", () => {
  const LONGEST = 64 * KB;

  test("are the whole of it, none too long, cut after lines", () => {
    // Lines of any length: short ones, and some that are longer than a piece.
    const lines = fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(2000) }, fc.nat(3 * LONGEST)), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(lines, fc.boolean(), (lengths, asText) => {
        const text = lengths.map((length) => "x".repeat(length)).join("\n");
        const chunk = asText ? text : new TextEncoder().encode(text);
        const cut = [...pieces(chunk)].map((piece) => (typeof piece === "string" ? piece : new TextDecoder().decode(piece)));
        // Not by toBe, which would print a megabyte.
        expect(cut.join("") === text).toBe(true);
        for (const [index, piece] of cut.entries()) {
          expect(piece.length).toBeLessThanOrEqual(LONGEST);
          if (index < cut.length - 1 && !piece.endsWith("\n")) expect([piece.length, piece.includes("\n")]).toEqual([LONGEST, false]);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("there is one of what is short, and none of nothing", () => {
    expect([...pieces("data: 1\n\ndata")]).toEqual(["data: 1\n\ndata"]);
    expect([...pieces("")]).toEqual([]);
    expect([...pieces(new Uint8Array())]).toEqual([]);
  });
});
