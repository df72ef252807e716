import { describe, expect, test, vi } from "vitest";
import { ORIGIN } from "../../support/unit/server.ts";
import { connectOpen, leftovers, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

describe("on()", () => {
  test("is called with the payload and its position, before any DOM listener", async () => {
    const { source, server } = await connectOpen();
    const heard: unknown[] = [];
    source.addEventListener("message", ({ data }) => heard.push(["DOM", data]));
    source.on("message", (data, { lastEventId, origin }) =>
      heard.push([data, lastEventId, origin]),
    );
    server.latest.send("x", { id: "7" });
    expect(heard).toEqual([
      ["x", "7", ORIGIN],
      ["DOM", "x"],
    ]);
  });

  test("calls listeners in the order of addition; one added twice is called twice", async () => {
    const { source, server } = await connectOpen();
    const order: string[] = [];
    const twice = (): void => void order.push("twice");
    source.on("message", twice);
    source.on("message", () => order.push("between"));
    const remove = source.on("message", twice);
    server.latest.send("1");
    expect(order).toEqual(["twice", "between", "twice"]);
    remove();
    order.length = 0;
    server.latest.send("2");
    expect(order).toEqual(["twice", "between"]);
  });

  test.each([
    [1, {}],
    [2, {}],
    [1, { once: true }],
  ])(
    "a DOM listener that one of %d listeners (%o) adds hears the same event: its turn comes later",
    async (count, options) => {
      const { source, server } = await connectOpen();
      const heard: string[] = [];
      const add = (): void => {
        source.addEventListener("message", ({ data }) => heard.push(data), { once: true });
      };
      for (const listener of [add, vi.fn()].slice(0, count))
        source.on("message", listener, options);
      server.latest.send("x");
      expect(heard).toEqual(["x"]);
    },
  );

  test("returns an unsubscribe function, which may be called more than once", async () => {
    const { source, server } = await connectOpen();
    const first = vi.fn();
    const second = vi.fn();
    const remove = source.on("message", first);
    source.on("message", second);
    remove();
    remove();
    server.latest.send("x");
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
  });

  test("once: called once, even if it causes another event or removes itself", async () => {
    const { source, server } = await connectOpen();
    const heard: string[] = [];
    const remove = source.on(
      "message",
      (data) => {
        heard.push(data);
        remove();
        // A transport that delivers an event during a delivery.
        if (data === "1") server.latest.send("nested");
      },
      { once: true },
    );
    server.latest.send("1").send("2");
    expect(heard).toEqual(["1"]);
  });

  test("signal: aborting removes, an aborted signal never adds, no abort listener remains", async () => {
    const { source, server } = await connectOpen();
    const controller = new AbortController();
    const listener = vi.fn();
    const before = leftovers().abortListeners;
    source.on("message", listener, { signal: AbortSignal.abort() });
    source.on("message", () => {}, { signal: controller.signal })();
    source.on("message", () => {}, { signal: controller.signal, once: true });
    expect(leftovers().abortListeners).toBe(before + 1);
    server.latest.send("0");
    expect(leftovers().abortListeners).toBe(before);
    source.on("message", listener, { signal: controller.signal });
    source.on("message", listener, { signal: controller.signal });
    expect(leftovers().abortListeners).toBe(before + 1);
    server.latest.send("1");
    controller.abort();
    server.latest.send("2");
    expect(listener.mock.calls.map(([data]) => data)).toEqual(["1", "1"]);
  });

  test("during a dispatch: a removed listener is not called, an added one is called next time", async () => {
    const { source, server } = await connectOpen();
    const heard: string[] = [];
    source.on("message", (data) => {
      heard.push(`first ${data}`);
      removeSecond();
      if (data === "1") source.on("message", (data) => heard.push(`added ${data}`));
    });
    const removeSecond = source.on("message", (data) => heard.push(`second ${data}`));
    server.latest.send("1").send("2");
    expect(heard).toEqual(["first 1", "first 2", "added 2"]);
  });

  test("a name still works after its last listener has removed itself and added another one", async () => {
    const { source, server } = await connectOpen();
    const heard: string[] = [];
    const remove = source.on("message", (data) => {
      heard.push(`first ${data}`);
      remove();
      source.on("message", (data) => heard.push(`second ${data}`));
    });
    server.latest.send("1").send("2");
    expect(heard).toEqual(["first 1", "second 2"]);
  });

  test("listeners survive reconnects", async () => {
    const { source, server } = await connectOpen();
    const heard: string[] = [];
    source.on("message", (data) => heard.push(data));
    server.latest.send("1").end();
    await tick(1500);
    server.latest.open().send("2");
    expect(heard).toEqual(["1", "2"]);
  });
});

describe("the names that a transport sees", () => {
  test("are those with a listener, and always message; each change is announced once", async () => {
    const { source, server } = await connectOpen();
    const { names } = server.latest.request;
    const told: [string, boolean][] = [];
    const stop = names.observe((name, heard) => told.push([name, heard]));
    expect([...names]).toEqual(["message"]);

    const removeFirst = source.on("price", () => {});
    const removeSecond = source.on("price", () => {});
    const dom = (): void => {};
    source.addEventListener("price", dom);
    source.on("error", () => {});
    expect([...names]).toEqual(["message", "price", "error"]);
    removeFirst();
    removeSecond();
    expect([...names]).toEqual(["message", "price", "error"]);
    source.removeEventListener("price", dom);
    expect([...names]).toEqual(["message", "error"]);
    expect(told).toEqual([
      ["price", true],
      ["error", true],
      ["price", false],
    ]);
    stop();
    source.on("tick", () => {});
    expect(told).toHaveLength(3);
  });

  test("do not include lifecycle events; once and signal remove a name", async () => {
    const { source, server } = await connectOpen();
    const { names } = server.latest.request;
    for (const type of ["open", "error", "invalid", "statechange"])
      source.addEventListener(type, () => {});
    expect([...names]).toEqual(["message"]);
    const controller = new AbortController();
    source.addEventListener("a", () => {}, { once: true });
    source.on("b", () => {}, { once: true });
    source.addEventListener("c", () => {}, controller);
    source.on("d", () => {}, { signal: controller.signal });
    expect([...names].sort()).toEqual(["a", "b", "c", "d", "message"]);
    server.latest.send("x", { type: "a" }).send("x", { type: "b" });
    controller.abort();
    expect([...names]).toEqual(["message"]);
  });
});
