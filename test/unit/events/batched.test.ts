import { describe, expect, test, vi } from "vitest";
import { batched } from "../../../src/index.ts";
import { connectFake } from "../../support/unit/fake.ts";
import { leftovers, NOTHING, takeReports, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

/** Replaces the frames of a page: `paint()` runs the callbacks of the next frame. */
function stubFrames(): { paint: () => void; pending: () => number } {
  let nextId = 1;
  const callbacks = new Map<number, () => void>();
  vi.stubGlobal("requestAnimationFrame", (callback: () => void) => {
    callbacks.set(nextId, callback);
    return nextId++;
  });
  vi.stubGlobal("cancelAnimationFrame", (id: number) => callbacks.delete(id));
  return {
    paint: () => {
      const run = [...callbacks.values()];
      callbacks.clear();
      for (const callback of run) callback();
    },
    pending: () => callbacks.size,
  };
}

describe("a batch", () => {
  test("has all payloads since the previous one, and the meta of the last", async () => {
    const { source, stream } = await connectFake({ n: Number });
    const listener = vi.fn();
    source.on("n", batched(listener));
    stream.send("n", 1, { id: "a" });
    stream.send("n", 2, { id: "b" });
    await tick(99);
    expect(listener).not.toHaveBeenCalled();
    stream.send("n", 3, { id: "c" });
    await tick(1);
    expect(listener.mock.calls).toEqual([
      [[1, 2, 3], expect.objectContaining({ lastEventId: "c" })],
    ]);
    await tick(1000);
    expect(listener).toHaveBeenCalledOnce();

    stream.send("n", 4);
    await tick(100);
    expect(listener).toHaveBeenLastCalledWith([4], expect.objectContaining({ lastEventId: "c" }));
  });

  test("is delivered at the next frame; its timer is gone then", async () => {
    const { paint, pending } = stubFrames();
    const { source, stream } = await connectFake();
    const listener = vi.fn();
    source.on("n", batched(listener));
    const timers = leftovers().timers;
    for (const n of ["1", "2", "3"]) stream.send("n", n);
    expect(pending()).toBe(1);
    paint();
    expect(listener.mock.calls.map(([payloads]) => payloads as unknown)).toEqual([["1", "2", "3"]]);
    expect(leftovers().timers).toBe(timers);
    paint();
    await tick(1000);
    expect(listener).toHaveBeenCalledOnce();
  });

  test("is delivered after 100 ms if no frame comes, and its frame is cancelled", async () => {
    const { pending } = stubFrames();
    const { source, stream } = await connectFake();
    const listener = vi.fn();
    source.on("n", batched(listener));
    stream.send("n", "1");
    await tick(100);
    expect(listener).toHaveBeenCalledOnce();
    expect(pending()).toBe(0);
  });

  test("is delivered at once when 262,144 payloads are pending", async () => {
    const { source, stream } = await connectFake({ n: Number });
    const sizes: number[] = [];
    source.on(
      "n",
      batched((payloads) => sizes.push(payloads.length)),
    );
    for (let n = 0; n < 262_144 + 5; n++) stream.send("n", n);
    expect(sizes).toEqual([262_144]);
    await tick(100);
    expect(sizes).toEqual([262_144, 5]);
  });

  test.each(["close()", "the removal of the listener"])("still arrives after %s", async (end) => {
    const { source, stream } = await connectFake();
    const listener = vi.fn();
    const unsubscribe = source.on("n", batched(listener));
    stream.send("n", "1");
    if (end === "close()") source.close();
    else unsubscribe();
    await tick(100);
    expect(listener).toHaveBeenCalledExactlyOnceWith(["1"], expect.anything());
  });

  test("collects the payloads of several names, and of events during its delivery", async () => {
    const { source, stream } = await connectFake();
    const batches: string[][] = [];
    const listener = batched((payloads: string[]) => {
      batches.push(payloads);
      if (batches.length === 1) stream.send("a", "3");
    });
    source.on("a", listener);
    source.on("b", listener);
    stream.send("a", "1");
    stream.send("b", "2");
    await tick(100);
    await tick(100);
    expect(batches).toEqual([["1", "2"], ["3"]]);
  });
});

describe("cancel()", () => {
  test("discards the pending batch, and leaves no timer and no frame", async () => {
    const { pending } = stubFrames();
    const { source, stream } = await connectFake();
    const listener = vi.fn();
    const collecting = batched<string>(listener);
    source.on("n", collecting);
    stream.send("n", "1");
    source.close();
    collecting.cancel();
    expect(pending()).toBe(0);
    expect(leftovers()).toEqual(NOTHING);
    await tick(1000);
    expect(listener).not.toHaveBeenCalled();
  });

  test("without a pending batch does nothing; later events are collected again", async () => {
    const { source, stream } = await connectFake();
    const listener = vi.fn();
    const collecting = batched<string>(listener);
    collecting.cancel();
    source.on("n", collecting);
    stream.send("n", "1");
    collecting.cancel();
    stream.send("n", "2");
    await tick(100);
    expect(listener).toHaveBeenCalledExactlyOnceWith(["2"], expect.anything());
  });
});

test("an exception of the listener is reported, and later batches arrive", async () => {
  const { source, stream } = await connectFake();
  const thrown = new Error("the listener's own");
  let calls = 0;
  source.on(
    "n",
    batched(() => {
      calls++;
      throw thrown;
    }),
  );
  stream.send("n", "1");
  await tick(100);
  stream.send("n", "2");
  await tick(100);
  expect(calls).toBe(2);
  expect(takeReports()).toEqual([thrown, thrown]);
});
