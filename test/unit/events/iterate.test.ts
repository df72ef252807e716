import { describe, expect, test, vi } from "vitest";
import { ConnectionError, iterate, json, type Iteration } from "../../../src/index.ts";
import { connectFake } from "../../support/unit/fake.ts";
import { leftovers, NOTHING, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

const end = { done: true, value: undefined };

/** All values that can be read now, and the end, if there is one. */
async function drain<T>(iteration: Iteration<T>): Promise<unknown[]> {
  const results: unknown[] = [];
  for (let ended = false; !ended;) {
    const next = iteration.next().then(
      ({ done, value }) => {
        results.push(done ? "end" : value);
        ended = !!done;
      },
      (error: unknown) => {
        results.push(error);
        ended = true;
      },
    );
    await Promise.race([next, tick().then(() => (ended = true))]);
  }
  return results;
}

describe("reading", () => {
  test("for await gets each payload in order; break ends it and removes the listener", async () => {
    const { source, stream } = await connectFake({ n: Number });
    const { names } = stream.requests[0]!;
    const read: number[] = [];
    const reading = (async () => {
      for await (const n of iterate(source, "n")) {
        read.push(n);
        if (n === 3) break;
      }
    })();
    expect([...names]).toContain("n");
    for (const n of [1, 2, 3, 4]) stream.send("n", n);
    await reading;
    expect(read).toEqual([1, 2, 3]);
    expect([...names]).toEqual(["message"]);
  });

  test("listens from the call on, not from the first next()", async () => {
    const { source, stream } = await connectFake();
    stream.send("n", "before");
    const iteration = iterate(source, "n");
    stream.send("n", "after");
    expect(await iteration.next()).toEqual({ done: false, value: "after" });
  });

  test("several pending next() are answered in their order", async () => {
    const { source, stream } = await connectFake();
    const iteration = iterate(source, "n");
    const reads = [iteration.next(), iteration.next(), iteration.next()];
    stream.send("n", "1");
    stream.send("n", "2");
    stream.send("n", "3");
    stream.send("n", "4");
    expect((await Promise.all(reads)).map(({ value }) => value)).toEqual(["1", "2", "3"]);
    expect(await iteration.next()).toEqual({ done: false, value: "4" });
  });

  test("long bursts arrive whole, in any alternation of reading and sending", async () => {
    const { source, stream } = await connectFake({ n: Number });
    const iteration = iterate(source, "n");
    const read: unknown[] = [];
    let sent = 0;
    for (const burst of [1, 3000, 1, 1025, 2, 5000]) {
      for (let i = 0; i < burst; i++) stream.send("n", sent++);
      for (let i = 0; i < burst / 2; i++) read.push((await iteration.next()).value);
    }
    while (read.length < sent) read.push((await iteration.next()).value);
    expect(read).toEqual(Array.from({ length: sent }, (_, n) => n));
  });

  test("two iterations over a name both get everything; the end of one does not affect the other", async () => {
    const { source, stream } = await connectFake();
    const one = iterate(source, "n");
    const two = iterate(source, "n");
    stream.send("n", "1");
    expect(await one.next()).toEqual({ done: false, value: "1" });
    await one.return();
    stream.send("n", "2");
    expect(await drain(one)).toEqual(["end"]);
    expect(await drain(two)).toEqual(["1", "2"]);
  });

  test("names are separate, message is one of them, [Symbol.asyncIterator] is the iteration", async () => {
    const { source, stream } = await connectFake();
    const messages = iterate(source, "message");
    const errors = iterate(source, "error");
    stream.send("message", "m");
    stream.send("error", "e");
    expect(messages[Symbol.asyncIterator]()).toBe(messages);
    expect(await drain(messages)).toEqual(["m"]);
    expect(await drain(errors)).toEqual(["e"]);
  });

  test("refused payloads are left out", async () => {
    const { source, stream } = await connectFake({ n: json<number>() });
    const invalid = vi.fn();
    source.addEventListener("invalid", invalid);
    const iteration = iterate(source, "n");
    for (const data of ["1", "{", "3"]) stream.send("n", data);
    expect(await drain(iteration)).toEqual([1, 3]);
    expect(invalid).toHaveBeenCalledOnce();
  });

  test("continues after a reconnect, and keeps the buffered values", async () => {
    const { source, stream } = await connectFake();
    const iteration = iterate(source, "n");
    stream.send("n", "1", { id: "a" });
    stream.drop();
    await tick(1000);
    expect(stream.requests[1]!.lastEventId).toBe("a");
    expect([...stream.requests[1]!.names]).toContain("n");
    stream.send("n", "2", { id: "b" });
    stream.end();
    await tick(2000);
    stream.send("n", "3");
    expect(await drain(iteration)).toEqual(["1", "2", "3"]);
  });
});

describe("several names", () => {
  test("arrive in the order of the stream, each with its type, payload and id", async () => {
    const { source, stream } = await connectFake({ delta: String, usage: json<number[]>() });
    const { names } = stream.requests[0]!;
    const iteration = iterate(source, ["delta", "usage", "message"]);
    expect([...names].sort()).toEqual(["delta", "message", "usage"]);
    stream.send("delta", "Hel", { id: "1" });
    stream.send("usage", [1, 2], { id: "2" });
    stream.send("other", "not asked for", { id: "3" });
    stream.send("delta", "lo");
    stream.send("message", "m", { id: "5" });
    expect(await drain(iteration)).toEqual([
      { type: "delta", data: "Hel", lastEventId: "1" },
      { type: "usage", data: [1, 2], lastEventId: "2" },
      { type: "delta", data: "lo", lastEventId: "3" },
      { type: "message", data: "m", lastEventId: "5" },
    ]);
    await iteration.return();
    expect([...names]).toEqual(["message"]);
  });

  test("a name given twice is delivered once; without a name there is only the end", async () => {
    const { source, stream } = await connectFake();
    const twice = iterate(source, ["n", "n"]);
    const none = iterate(source, []);
    stream.send("n", "1");
    source.close();
    expect(await drain(twice)).toEqual([{ type: "n", data: "1", lastEventId: "" }, "end"]);
    expect(await drain(none)).toEqual(["end"]);
  });

  test("share the limit", async () => {
    const { source, stream } = await connectFake();
    const iteration = iterate(source, ["a", "b"], { limit: 2 });
    for (const type of ["a", "b", "a"]) stream.send(type, "");
    const [first, second, error] = await drain(iteration);
    expect([first, second]).toMatchObject([{ type: "a" }, { type: "b" }]);
    expect(error).toBeInstanceOf(RangeError);
  });

  test("keep names of members of Object apart", async () => {
    const { source, stream } = await connectFake();
    const iteration = iterate(source, ["__proto__", "constructor", "open"]);
    for (const type of ["constructor", "open", "__proto__"]) stream.send(type, type);
    expect(await drain(iteration)).toEqual(
      ["constructor", "open", "__proto__"].map((type) => ({ type, data: type, lastEventId: "" })),
    );
  });
});

describe("values before the end of the source", () => {
  test("close() in another listener does not discard buffered values", async () => {
    const { source, stream } = await connectFake();
    source.on("done", () => source.close());
    const iteration = iterate(source, "n");
    for (const n of ["1", "2", "3"]) stream.send("n", n);
    stream.send("done", "");
    expect(leftovers()).toEqual(NOTHING);
    expect([
      await iteration.next(),
      await iteration.next(),
      await iteration.next(),
      await iteration.next(),
    ]).toEqual([...["1", "2", "3"].map((value) => ({ done: false, value })), end]);
  });
});

describe("every end settles pending reads, discards the buffer, and leaves nothing behind", () => {
  const ends: Record<
    string,
    (iteration: Iteration<string>, close: () => void, abort: () => void) => unknown
  > = {
    "return()": async (iteration) => expect(await iteration.return()).toEqual(end),
    "throw()": async (iteration) => {
      const error = new Error("the reader's own");
      await expect(iteration.throw(error)).rejects.toBe(error);
    },
    "close(), and then return()": (iteration, close) => {
      close();
      return iteration.return();
    },
    "the signal": (_, __, abort) => abort(),
  };

  test.each(Object.entries(ends))("%s", async (_, finish) => {
    const { source, stream } = await connectFake();
    const { names } = stream.requests[0]!;
    const controller = new AbortController();
    const { signal } = controller;
    const pending = iterate(source, "n", { signal });
    const buffered = iterate(source, "n", { signal });
    const reads = [pending.next(), pending.next(), pending.next()];
    stream.send("n", "1");

    for (const iteration of [pending, buffered])
      await finish(
        iteration,
        () => source.close(),
        () => controller.abort(),
      );

    expect(await Promise.all(reads)).toEqual([{ done: false, value: "1" }, end, end]);
    expect(await Promise.all([pending.next(), buffered.next(), buffered.next()])).toEqual([
      end,
      end,
      end,
    ]);
    expect([...names]).toEqual(["message"]);
    expect(leftovers().abortListeners).toBe(source.readyState === source.CLOSED ? 0 : 2);
    // A second end has no effect.
    expect(await buffered.return()).toEqual(end);
    expect(await buffered.next()).toEqual(end);
  });

  test("an exception in the body of the loop ends it, too", async () => {
    const { source, stream } = await connectFake();
    const reading = (async () => {
      for await (const n of iterate(source, "n")) throw new Error(n);
    })();
    stream.send("n", "1");
    await expect(reading).rejects.toThrow("1");
    expect([...stream.requests[0]!.names]).toEqual(["message"]);
  });

  test("Symbol.dispose, and the source's own signal", async () => {
    const controller = new AbortController();
    const first = await connectFake();
    const second = await connectFake({}, { signal: controller.signal });
    const reads = [iterate(first.source, "n").next(), iterate(second.source, "n").next()];
    first.source[Symbol.dispose]();
    controller.abort();
    expect(await Promise.all(reads)).toEqual([end, end]);
    expect(leftovers()).toEqual(NOTHING);
  });

  test("many iterations leave no listener on their signal", async () => {
    const { source, stream } = await connectFake();
    const before = leftovers();
    const { signal } = new AbortController();
    for (let i = 0; i < 100; i++) {
      const iteration = iterate(source, "n", { signal });
      stream.send("n", "x");
      await iteration.return();
    }
    expect(leftovers()).toEqual(before);
  });

  test("a signal that is aborted already", async () => {
    const { source, stream } = await connectFake();
    const iteration = iterate(source, "n", { signal: AbortSignal.abort() });
    expect([...stream.requests[0]!.names]).toEqual(["message"]);
    stream.send("n", "1");
    expect(await iteration.next()).toEqual(end);
  });
});

describe("giving up", () => {
  const giveUp = { reason: "status", status: 403 } as const;

  test("rejects after the buffered values, once, with the last error", async () => {
    const { source, stream } = await connectFake();
    const iteration = iterate(source, "n");
    stream.send("n", "1");
    stream.send("n", "2");
    stream.fail(giveUp);
    await tick();
    expect([...stream.requests[0]!.names]).toEqual(["message"]);

    expect(await iteration.next()).toEqual({ done: false, value: "1" });
    expect(await iteration.next()).toEqual({ done: false, value: "2" });
    const error: unknown = await iteration.next().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject(giveUp);
    expect(source.state).toEqual({ status: "closed", error });
    expect(await iteration.next()).toEqual(end);
  });

  test("settles every pending next(): the first rejects, the others are done", async () => {
    const { source, stream } = await connectFake();
    const iteration = iterate(source, "n");
    const reads = Promise.allSettled([iteration.next(), iteration.next(), iteration.next()]);
    stream.fail(giveUp);
    expect(await reads).toEqual([
      { status: "rejected", reason: expect.any(ConnectionError) },
      { status: "fulfilled", value: end },
      { status: "fulfilled", value: end },
    ]);
  });

  test("causes no unhandled rejection if nothing reads", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const { source, stream } = await connectFake();
    iterate(source, "n");
    stream.fail(giveUp);
    await tick();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test("does not affect an iteration that has ended already", async () => {
    const { source, stream } = await connectFake();
    const iteration = iterate(source, "n");
    await iteration.return();
    stream.fail(giveUp);
    await tick();
    expect(await iteration.next()).toEqual(end);
  });

  test("an error that is retried does not end the iteration", async () => {
    const { source, stream } = await connectFake();
    const iteration = iterate(source, "n");
    const read = iteration.next();
    for (const [attempt, wait] of [1000, 2000, 4000].entries()) {
      stream.fail({ reason: "status", status: 503 });
      await tick(wait);
      expect(stream.requests).toHaveLength(attempt + 2);
    }
    stream.send("n", "1");
    expect(await read).toEqual({ done: false, value: "1" });
  });
});

describe("a source that has ended before", () => {
  test("by close(): done at once, without a listener", async () => {
    const { source } = await connectFake();
    source.close();
    expect(await drain(iterate(source, "n"))).toEqual(["end"]);
    expect(await drain(iterate(source, "n", { signal: new AbortController().signal }))).toEqual([
      "end",
    ]);
    expect(leftovers()).toEqual(NOTHING);
  });

  test("by giving up: rejects with the error; after reconnect() a new iteration reads again", async () => {
    const { source, stream } = await connectFake();
    stream.fail({ reason: "unsupported" });
    await tick();
    const [error] = await drain(iterate(source, "n"));
    expect(error).toMatchObject({ reason: "unsupported" });

    source.reconnect();
    await stream.requested();
    const iteration = iterate(source, "n");
    stream.send("n", "1");
    expect(await drain(iteration)).toEqual(["1"]);
  });
});

describe("limit", () => {
  test("a reader too far behind gets the buffered values, then a RangeError, then the end", async () => {
    const { source, stream } = await connectFake();
    const slow = iterate(source, "n", { limit: 2 });
    const other = iterate(source, "n");
    for (const n of ["1", "2", "3", "4"]) stream.send("n", n);
    expect(await slow.next()).toEqual({ done: false, value: "1" });
    stream.send("n", "5");
    expect(await slow.next()).toEqual({ done: false, value: "2" });
    await expect(slow.next()).rejects.toThrow(new RangeError("the reader fell 2 events behind"));
    expect(await slow.next()).toEqual(end);
    expect(await drain(other)).toEqual(["1", "2", "3", "4", "5"]);
    expect(source.readyState).toBe(source.OPEN);
  });

  test("counts waiting values only", async () => {
    const { source, stream } = await connectFake({ n: Number });
    const iteration = iterate(source, "n", { limit: 3 });
    for (let n = 0; n < 30; n += 3) {
      for (let i = 0; i < 3; i++) stream.send("n", n + i);
      for (let i = 0; i < 3; i++) expect((await iteration.next()).value).toBe(n + i);
    }
    stream.send("n", 30);
    stream.send("n", 31);
    expect((await iteration.next()).value).toBe(30);
    stream.send("n", 32);
    stream.send("n", 33);
    expect(await drain(iteration)).toEqual([31, 32, 33]);
  });

  test("removes the listener when it is exceeded, so that an abandoned iteration does not grow", async () => {
    const { source, stream } = await connectFake();
    iterate(source, "n", { limit: 1 });
    stream.send("n", "1");
    expect([...stream.requests[0]!.names]).toContain("n");
    stream.send("n", "2");
    expect([...stream.requests[0]!.names]).toEqual(["message"]);
  });

  test("is 262,144 by default, and Infinity means no limit", async () => {
    const { source, stream } = await connectFake({ n: Number });
    const limited = iterate(source, "n");
    const unlimited = iterate(source, "n", { limit: Infinity });
    for (let n = 0; n <= 262_144; n++) stream.send("n", n);

    let count = 0;
    const counting = async (iteration: AsyncIterable<number>): Promise<void> => {
      count = 0;
      for await (const n of iteration) if (n !== count++ || n === 262_144) return;
    };
    await expect(counting(limited)).rejects.toThrow("the reader fell 262144 events behind");
    expect(count).toBe(262_144);
    await counting(unlimited);
    expect(count).toBe(262_145);
  });

  test.each([0, 0.5, -1, NaN])(
    "%d is refused, by name, and no listener is added",
    async (limit) => {
      const { source, stream } = await connectFake();
      expect(() => iterate(source, "n", { limit })).toThrow(
        new RangeError(`limit must be a number of at least 1, got ${limit}`),
      );
      expect([...stream.requests[0]!.names]).toEqual(["message"]);
    },
  );
});
