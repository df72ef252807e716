import { afterAll, beforeAll, describe, expect, it, type TestOptions } from "vitest";
import { fetchTransport } from "../../src/transport/fetch.ts";
import { FaultServer } from "../support/server/fault-server.ts";
import { Connection, type Harness } from "./harness.ts";
import { large, type MadeBody } from "./made-bodies.ts";

/** An event takes 8 KB; a body is busy from a chunk of 128 KB on, until one has less than 16 KB. */
const bodies: Record<string, MadeBody> = {
  "stays quiet": { chunks: [1, 4, 15, 1] },
  "becomes busy, quiet, and busy": { chunks: [1, 40, 125, 1, 1, 50, 300, 1] },
  "is busy to the end": { chunks: [40, 125, 40] },
  "ends with its last chunk": { chunks: [40, 125, 40], end: "closed at once" },
  "is there from the start": { chunks: [40, 300, 1, 1], end: "closed at once", isQueued: true },
  "somebody else reads, too": { chunks: [1, 40, 125, 1, 40, 40], isCopied: true },
  "somebody else reads, too, and which ends with its last chunk": {
    chunks: [40, 125, 40],
    end: "closed at once",
    isCopied: true,
  },
  "breaks while quiet": { chunks: [1], end: "broken late" },
  "breaks while busy": { chunks: [40, 125], end: "broken late" },
  "breaks while its last chunk is listened to": { chunks: [40, 125], end: "broken soon" },
};

/** How the bodies of a custom `fetch` may differ from a server's. */
const customBodies: Record<string, MadeBody> = {
  "breaks while a chunk of five megabytes is listened to": {
    chunks: [40, 640],
    end: "broken soon",
  },
};

export interface BodyHarnesses {
  /** A fetch transport that uses `fetchMade` as its own `fetch`. */
  custom: Harness;
  /** A fetch transport where `fetchMade` is the global `fetch`. */
  global: Harness;
  /** A fetch transport where `fetchCopied` is the global `fetch`. */
  copied: Harness;
}

/** Runs the fetch transport over bodies that no server sends, or that other code reads as well. */
export function describeBodies(
  name: string,
  { custom, global, copied }: BodyHarnesses,
  options: TestOptions = {},
): void {
  describe(name, options, () => {
    let server: FaultServer;
    const harnesses = [custom, global, copied];
    beforeAll(async () => {
      server = await FaultServer.start();
      for (const harness of harnesses) await harness.start(server);
    });
    afterAll(async () => {
      for (const harness of harnesses) await harness.stop();
      server.close();
    });
    // Listeners are slow enough that the page gets its turn in the middle of a chunk.
    const connect = async (harness: Harness, url: string): Promise<Connection> =>
      new Connection(
        fetchTransport().abilities!,
        await harness.connect({ url: server.origin + url, listening: 0.5 }),
      );
    const dataOf = (count: number): string[] =>
      Array.from({ length: count }, (_, index) => String(index));

    const itReceives = (title: string, harness: Harness, body: MadeBody): void =>
      it(title, async () => {
        const client = await connect(harness, `/made?${encodeURIComponent(JSON.stringify(body))}`);
        expect((await client.end()).call).toBe(
          body.end?.startsWith("broken") ? "rejected" : "resolved",
        );
        expect(client.data).toEqual(dataOf(body.chunks.reduce((sum, count) => sum + count)));
      });

    describe("a body of a custom fetch that", () => {
      for (const [title, body] of Object.entries({ ...bodies, ...customBodies }))
        itReceives(title, custom, body);
    });

    describe("a body of the global fetch that", () => {
      // The copy of a body that does not answer never ends.
      for (const [title, body] of Object.entries(bodies))
        itReceives(title, global, { ...body, answers: !!body.isCopied });

      it("a server sends, while other code reads a clone of it", async () => {
        const accepted = server.accept("/copied");
        const client = await connect(copied, "/copied");
        const { connection } = await accepted;
        const count = 500;
        const sent = Array.from({ length: count }, (_, index) => large(index)).join("");
        connection.head({ chunked: true }).write(sent).end();
        expect(await client.end()).toEqual({ call: "resolved" });
        expect(client.data).toEqual(dataOf(count));
      });
    });
  });
}
