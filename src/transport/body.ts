/** How many bytes are asked for at once. A connection that is quiet takes little memory, one that is busy needs few reads. */
const LEAST = 2 ** 10;
const MOST = 2 ** 20;
/** From the one to the other in two steps. */
const STEP = 2 ** 5;
/** How many bytes or characters are parsed in one go: what is parsed and not delivered yet takes memory, and so does the text. */
const PIECE = 2 ** 16;

/** What a body arrives in: bytes, or the text that the polyfill hands over. */
export type Chunk = Uint8Array | string;

/** Reads a body, chunk by chunk. */
export interface BodyReader {
  /** The next chunk, which is there until another one is asked for; undefined: the body has ended. */
  read(): Promise<Chunk | undefined>;
  cancel(): Promise<void>;
}

/**
 * Reads into a buffer that is used again and again, and is as wide as what arrives needs: a quarter of a fast stream's time went into fresh memory.
 * Bodies that cannot do that, those of older browsers and of a custom `fetch`, come in chunks of their own.
 */
export function readBody(body: ReadableStream): BodyReader {
  const reader = readerOf(body);
  let buffer = new ArrayBuffer(LEAST);
  return {
    async read() {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return undefined;
      // The buffer was taken away, and has come back as that of the value; or nobody wanted it.
      if (!buffer.byteLength) buffer = bufferAfter(value as Uint8Array<ArrayBuffer>);
      return value;
    },
    cancel: () => reader.cancel(),
  };
}

interface Reader {
  /** A reader that has chunks of its own does not look at the view. */
  read(view: Uint8Array<ArrayBuffer>): Promise<{ done: boolean; value?: Chunk | undefined }>;
  cancel(): Promise<void>;
}

function readerOf(body: ReadableStream): Reader {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return body.getReader() as Reader;
  }
}

/** Where the chunk after this one goes. */
function bufferAfter({ buffer, length }: Uint8Array<ArrayBuffer>): ArrayBuffer {
  const room = buffer.byteLength;
  if (length === room && room < MOST) return new ArrayBuffer(room * STEP);
  if (length < room / STEP && room > LEAST) return new ArrayBuffer(room / STEP);
  return buffer;
}

/** Cuts a chunk into pieces, after a line where there is one: with half a line at its end, the parser would put the next piece together anew. */
export function* pieces(chunk: Chunk): Generator<Chunk> {
  for (let start = 0, end; start < chunk.length; start = end) {
    end = start + PIECE;
    if (end < chunk.length) {
      const line = typeof chunk === "string" ? chunk.lastIndexOf("\n", end - 1) : chunk.lastIndexOf(10, end - 1);
      if (line >= start) end = line + 1;
    }
    yield typeof chunk === "string" ? chunk.slice(start, end) : chunk.subarray(start, end);
  }
}
