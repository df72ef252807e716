import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { decode, readBody, type Chunk } from "../../../../src/transport/http/body.ts";
import { collectGarbage } from "../../../support/unit/memory.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const KB = 1024;
const MB = 1024 * KB;
const PIECE = 64 * KB;
/** The size of the small buffer, in which a busy body waits for more. */
const SMALL = 16 * KB;

/** Bytes of which no two neighbours are the same. */
function bytes(length: number, first = 0): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  for (let index = 0; index < Math.min(length, 251); index++) all[index] = (first + index) % 251;
  for (let made = 251; made < length; made *= 2) all.copyWithin(made, 0, made);
  return all;
}

interface Source {
  /** How many bytes come at once. */
  sizes: readonly number[];
  /** True if a buffer of ours can be filled at all. */
  isByteStream?: boolean;
  /** True if everything is there from the start; otherwise it is produced on request. */
  isQueued?: boolean;
  /** True if it fills a buffer that it is offered, as browsers do; otherwise it gives a chunk. */
  fills?: boolean;
  /** True if it closes with the last chunk; otherwise when it is asked for another one. */
  closesAtOnce?: boolean;
  failure?: Error;
}

interface Made {
  body: ReadableStream<Chunk>;
  sent: Uint8Array;
  /** How much room each read offered; 0: it wanted a whole chunk. */
  rooms: number[];
}

/** A body of which the source leaves a read that waits alone when it closes. */
function make({
  sizes,
  isByteStream = true,
  isQueued = false,
  fills = true,
  closesAtOnce = false,
  failure,
}: Source): Made {
  const sent = bytes(sizes.reduce((sum, size) => sum + size, 0));
  const rooms: number[] = [];
  const waiting = [...sizes];
  let at = 0;
  const give = (controller: ReadableByteStreamController): void => {
    const request = controller.byobRequest as ReadableStreamBYOBRequest | null | undefined;
    const room = request?.view as Uint8Array<ArrayBuffer> | undefined;
    rooms.push(room?.length ?? 0);
    const size = waiting.shift();
    if (size === undefined) {
      if (failure) controller.error(failure);
      else controller.close();
      return;
    }
    if (room && fills) {
      const fitting = Math.min(size, room.length);
      if (fitting < size) waiting.unshift(size - fitting);
      room.set(sent.subarray(at, at + fitting));
      at += fitting;
      request!.respond(fitting);
    } else {
      controller.enqueue(sent.slice(at, at + size));
      at += size;
    }
    if (closesAtOnce && waiting.length === 0) controller.close();
  };
  const source: UnderlyingByteSource = {
    type: "bytes",
    start: (controller) => {
      while (isQueued && waiting.length) give(controller);
    },
    pull: async (controller) => {
      await Promise.resolve();
      give(controller);
    },
  };
  const body: ReadableStream<Chunk> = isByteStream
    ? new ReadableStream(source)
    : new ReadableStream({ ...source, type: undefined } as object, { highWaterMark: 0 });
  return { body, sent, rooms };
}

/** Reads to the end; what a chunk holds is taken before the next one is asked for. */
async function readAll(body: ReadableStream<Chunk>, canFill = true): Promise<Uint8Array> {
  const reader = readBody(body, canFill);
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    chunks.push((value as Uint8Array).slice());
  }
}

/** Not by toEqual, which takes seconds for a megabyte. */
function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  expect(Buffer.compare(actual, expected)).toBe(0);
}

/** How much room each read of a body offered that sends so much at a time. */
async function roomsFor(...sizes: number[]): Promise<number[]> {
  const { body, rooms, sent } = make({ sizes });
  expectSame(await readAll(body), sent);
  return rooms.slice(0, sizes.length);
}

describe("the buffer", () => {
  test("there is none while a body is quiet", async () => {
    expect(await roomsFor(1, 75, 16 * KB, 128 * KB - 1, 1)).toEqual([0, 0, 0, 0, 0]);
  });

  test.each([
    ["there is one after a large chunk", [128 * KB, MB], [0, MB]],
    ["a small one waits for more", [128 * KB, 200 * KB, 15 * KB], [0, MB, SMALL]],
    ["the large one takes the rest", [MB, 5, SMALL, MB], [0, MB, SMALL, MB]],
    ["a chunk that does not fill the small one ends it", [MB, 1, 1, 1], [0, MB, SMALL, 0]],
    ["and a large chunk begins it again", [MB, 1, 1, MB, 1], [0, MB, SMALL, 0, MB]],
  ])("%s", async (_, sizes, rooms) => {
    expect(await roomsFor(...sizes)).toEqual(rooms);
  });

  test("the large one is the same again and again", async () => {
    const { body } = make({ sizes: [MB, MB, 16 * KB, MB] });
    const reader = readBody(body, true);
    await reader.read();
    const first = (await reader.read()).value as Uint8Array<ArrayBuffer>;
    expectSame(first, bytes(MB, MB));
    await reader.read();
    expect(first.buffer.byteLength, "while the small one waits").toBe(MB);
    const second = (await reader.read()).value as Uint8Array<ArrayBuffer>;
    // Taken away from the earlier chunk, since it is this one's.
    expect(first.buffer.byteLength).toBe(0);
    expect(second.buffer.byteLength).toBe(MB);
    expectSame(second, bytes(MB, 2 * MB + 16 * KB));
  });

  test("is held where there is no WeakRef, and is a new one if the browser has freed it", async () => {
    vi.stubGlobal("WeakRef", undefined);
    expect(await roomsFor(MB, MB, 2 * MB)).toEqual([0, MB, SMALL]);
    class Freed {
      deref(): void {
        // Nothing is left.
      }
    }
    vi.stubGlobal("WeakRef", Freed);
    expect(await roomsFor(MB, MB, 2 * MB)).toEqual([0, MB, SMALL]);
  });

  test.each([
    ["a stream that falls silent while it is busy does not hold the large one", WeakRef, []],
    ["nor does one that has become quiet where there is no WeakRef", undefined, [10]],
  ])("%s", async (_, platformWeakRef, small) => {
    const OwnWeakRef = WeakRef;
    vi.stubGlobal("WeakRef", platformWeakRef);
    const waiting = [MB, 200 * KB, ...small];
    const body = new ReadableStream({
      type: "bytes",
      pull(controller) {
        const size = waiting.shift();
        if (size === undefined) return new Promise(() => undefined);
        if (controller.byobRequest) controller.byobRequest.respond(size);
        else controller.enqueue(new Uint8Array(size));
        return undefined;
      },
    });
    const reader = readBody(body, true);
    const readLarge = async (): Promise<WeakRef<ArrayBuffer>> => {
      const { buffer, byteLength } = (await reader.read()).value as Uint8Array<ArrayBuffer>;
      expect([byteLength, buffer.byteLength]).toEqual([200 * KB, MB]);
      return new OwnWeakRef(buffer);
    };
    await reader.read();
    const large = await readLarge();
    for (const size of small) expect(((await reader.read()).value as Uint8Array).length).toBe(size);
    void reader.read();
    const isFreed = (): boolean => {
      collectGarbage();
      return large.deref() === undefined;
    };
    await expect.poll(isFreed).toBe(true);
    await reader.cancel();
  });

  test("a stream that was not made for it is read in whole chunks", async () => {
    const { body, rooms, sent } = make({ sizes: [MB, 300 * KB, 5, MB, 1], isByteStream: false });
    const getReader = vi.spyOn(body, "getReader");
    expectSame(await readAll(body), sent);
    expect(
      getReader.mock.calls.filter(([options]) => options?.mode).length,
      "it is asked for once",
    ).toBe(1);
    expect(rooms).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

/** Sizes about the bounds, and any. */
const sizes = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: 12 * KB, max: 20 * KB }),
    fc.integer({ min: 120 * KB, max: 140 * KB }),
    fc.integer({ min: 1, max: 3 * MB }),
  ),
  { maxLength: 12 },
);

test("whatever arrives is read once, byte for byte, however it comes and ends", async () => {
  const sources = fc.record({
    sizes,
    isByteStream: fc.boolean(),
    isQueued: fc.boolean(),
    fills: fc.boolean(),
    closesAtOnce: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(sources, async (source) => {
      const { body, sent } = make(source);
      expectSame(await readAll(body), sent);
    }),
    { numRuns: 60 },
  );
});

test("so is a body of which somebody else reads a copy", async () => {
  const { body, sent } = make({ sizes: [300 * KB, MB, 10, 2 * MB, MB] });
  const [ours, theirs] = body.tee();
  const [own, copy] = await Promise.all([
    readAll(ours),
    new Response(theirs).bytes?.() ?? new Response(theirs).arrayBuffer(),
  ]);
  expectSame(own, sent);
  expectSame(new Uint8Array(copy), sent);
});

describe.each([
  ["quiet", 1],
  ["busy", MB],
])("a %s body", (_, size) => {
  test("that ends while a read waits, which its source leaves alone", async () => {
    let close = (): void => undefined;
    const body = new ReadableStream({
      type: "bytes",
      start(controller) {
        controller.enqueue(bytes(size));
        close = () => controller.close();
      },
    });
    const reader = readBody(body, true);
    expect((await reader.read()).done).toBe(false);
    // Browsers of before 2023 do not let go of a reader of which a read waits.
    const release = vi.spyOn(ReadableStreamBYOBReader.prototype, "releaseLock");
    const read = reader.read();
    setTimeout(close);
    expect(await read).toMatchObject({ done: true });
    expect(release).not.toHaveBeenCalled();
    await reader.cancel();
  });

  test("that breaks", async () => {
    const cut = new Error("cut");
    const { body } = make({ sizes: [size], failure: cut });
    const reader = readBody(body, true);
    await reader.read();
    await expect(reader.read()).rejects.toBe(cut);
    await expect(reader.cancel()).rejects.toBe(cut);
  });

  test("that is cancelled", async () => {
    let cancelled = false;
    const body = new ReadableStream({
      type: "bytes",
      start: (controller) => controller.enqueue(bytes(size)),
      cancel: () => void (cancelled = true),
    });
    const reader = readBody(body, true);
    await reader.read();
    const read = reader.read();
    await reader.cancel();
    expect(await read).toMatchObject({ done: true });
    expect(cancelled).toBe(true);
  });
});

describe("what is no stream of the browser's", () => {
  const chunks = ["data: 1\n", bytes(MB), bytes(MB).buffer, undefined, bytes(3)] as Chunk[];
  /** Gives what it has, whatever is asked. */
  function giver(): Pick<ReadableStreamDefaultReader<Chunk>, "read" | "cancel"> {
    const waiting = [...chunks];
    const read = () =>
      Promise.resolve({ done: waiting.length === 0, value: waiting.shift() }) as Promise<
        ReadableStreamReadResult<Chunk>
      >;
    return { read, cancel: () => Promise.resolve() };
  }
  async function expectChunks(body: unknown): Promise<void> {
    const reader = readBody(body as ReadableStream<Chunk>, true);
    for (const chunk of chunks) expect((await reader.read()).value).toBe(chunk);
    expect(await reader.read()).toEqual({ done: true, value: undefined });
  }

  test("has one reader only", async () => {
    let readers = 0;
    await expectChunks({
      getReader() {
        expect(readers++).toBe(0);
        return giver();
      },
    });
  });

  test("and is in a place without streams", async () => {
    vi.stubGlobal("ReadableStream", undefined);
    await expectChunks({ getReader: giver });
  });

  test.each([
    ["cannot be let go", () => ({})],
    [
      "do not tell when they close",
      (reader: ReadableStreamDefaultReader) => ({ releaseLock: () => reader.releaseLock() }),
    ],
  ])("wraps readers that %s", async (_, more) => {
    const { body, sent } = make({ sizes: [MB, MB, 1, MB] });
    const getReader = body.getReader.bind(body) as () => ReadableStreamDefaultReader<Chunk>;
    Object.assign(body, {
      getReader() {
        const reader = getReader();
        return { read: () => reader.read(), cancel: () => reader.cancel(), ...more(reader) };
      },
    });
    expectSame(await readAll(body), sent);
  });
});

describe("a body that may not be read into a buffer", () => {
  test("gives whole chunks, so that nothing of one waits in the stream", async () => {
    const { body } = make({ sizes: [MB, 5 * MB], isQueued: true });
    const reader = readBody(body, false);
    await reader.read();
    expect(((await reader.read()).value as Uint8Array).length).toBe(5 * MB);
  });

  test("may be the copy of one whose source does not answer", async () => {
    const { body, sent } = make({ sizes: [MB, MB] });
    const [ours, theirs] = body.tee();
    void theirs.cancel();
    expectSame(await readAll(ours, false), sent);
  });
});

describe("decoding", () => {
  /** The pieces that chunks are decoded in, by one decoder. */
  function decodeAll(...chunks: BufferSource[]): string[] {
    const decoder = new TextDecoder();
    return chunks.flatMap((chunk) => [...decode(decoder, chunk)]);
  }
  const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

  test("pieces are the whole of a chunk, none too long, cut after lines", () => {
    // Lines of any length: short ones, and some that are longer than a piece; of one, two and four bytes a character.
    const lines = fc.array(
      fc.tuple(
        fc.constantFrom("x", "é", "🦄"),
        fc.oneof({ weight: 9, arbitrary: fc.nat(2000) }, fc.nat(3 * PIECE)),
        fc.constantFrom("\n", "\r\n", "\r"),
      ),
      { maxLength: 200, size: "max" },
    );
    fc.assert(
      fc.property(lines, (parts) => {
        const text = parts.map(([letter, length, end]) => letter.repeat(length) + end).join("");
        const pieces = decodeAll(encode(text));
        // Not by toBe, which would print a megabyte.
        expect(pieces.join("") === text).toBe(true);
        for (const [index, piece] of pieces.entries()) {
          // A sequence that began in the piece before may be finished here.
          expect(piece.length).toBeLessThanOrEqual(PIECE + 1);
          if (index < pieces.length - 1)
            expect(piece.endsWith("\n") || !piece.includes("\n")).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test.each<[string, number, number[]]>([
    ["the last byte of a piece", PIECE - 1, [PIECE, 10]],
    ["the byte after a piece", PIECE, [PIECE, 11]],
    ["the first byte", 0, [1, PIECE, 9]],
    ["no byte", -1, [PIECE, 10]],
  ])("a line that ends with %s", (_, at, lengths) => {
    const chunk = new Uint8Array(lengths.reduce((sum, length) => sum + length)).fill(120);
    if (at >= 0) chunk[at] = 10;
    expect(decodeAll(chunk).map(({ length }) => length)).toEqual(lengths);
  });

  test("a sequence of UTF-8 across the end of a piece, and across that of a chunk", () => {
    const text = "x".repeat(PIECE - 2) + "🦄".repeat(10);
    expect(decodeAll(encode(text)).join("") === text).toBe(true);
    const unicorn = encode("🦄");
    expect(decodeAll(unicorn.subarray(0, 3), unicorn.subarray(3)).join("")).toBe("🦄");
  });

  test("a byte order mark is taken away once, and what is not UTF-8 is replaced", () => {
    expect(decodeAll(encode("\uFEFF\uFEFFa"), encode("\uFEFFb")).join("")).toBe("\uFEFFa\uFEFFb");
    expect(decodeAll(Uint8Array.of(0xff, 97)).join("")).toBe("\uFFFDa");
  });

  test("pieces are decoded one by one, each when it is asked for", () => {
    const asked: number[] = [];
    const decoder = {
      decode: (chunk: Uint8Array) => `${asked.push(chunk.length)}`,
    } as unknown as TextDecoder;
    const pieces = decode(decoder, bytes(MB).fill(120));
    expect(asked).toEqual([]);
    pieces.next();
    expect(asked).toEqual([PIECE]);
    pieces.next();
    expect(asked).toEqual([PIECE, PIECE]);
  });

  test.each<[string, BufferSource]>([
    ["no byte", new Uint8Array()],
    ["a part of a buffer", encode("xxdata: 1\n\nxx").subarray(2, 11)],
    ["an ArrayBuffer", encode("data: 1\n\n").buffer],
    ["a DataView", new DataView(encode("xxdata: 1\n\nxx").buffer, 2, 9)],
    ["a large ArrayBuffer", encode("data: 1\n\n".repeat(PIECE)).buffer],
    ["a large Uint16Array", new Uint16Array(encode("data: 11\n\n".repeat(PIECE)).buffer)],
  ])("%s is decoded as it is", (_, chunk) => {
    expect(decodeAll(chunk).join("") === new TextDecoder().decode(chunk)).toBe(true);
  });

  test("nothing at all is nothing, and what is no bytes is refused", () => {
    expect(decodeAll(undefined as unknown as BufferSource)).toEqual([""]);
    for (const chunk of [null, 5, "text", [1, 2], {}])
      expect(() => decodeAll(chunk as unknown as BufferSource)).toThrow(TypeError);
  });
});
