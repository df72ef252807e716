import { describe, expect, test, vi } from "vitest";
import { connect, connectOpen, takeReports, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

describe("a listener that throws", () => {
  const boom = new Error("boom");
  const throwing = (): never => {
    throw boom;
  };

  test("is reported, and affects neither other listeners nor events nor the connection", async () => {
    const { source, server } = connect();
    const heard: string[] = [];
    for (const type of ["open", "error", "statechange", "message"] as const) {
      source.addEventListener(type, throwing);
      source.addEventListener(type, { handleEvent: throwing });
      source.addEventListener(type, () => heard.push(type));
    }
    source.onmessage = throwing;
    source.on("message", throwing);
    source.on("message", (data) => heard.push(`on ${data}`));
    await tick();
    server.latest.open();
    expect(takeReports()).toEqual(Array(4).fill(boom));
    server.latest.send("1").send("2");
    expect(takeReports()).toEqual(Array(8).fill(boom));
    server.latest.end();
    await tick(1500);
    expect(takeReports()).toEqual(Array(6).fill(boom));
    expect(heard).toEqual([
      "statechange",
      "open",
      "on 1",
      "message",
      "on 2",
      "message",
      "statechange",
      "error",
      "statechange",
    ]);
    expect([server.connections.length, server.live.length]).toEqual([2, 1]);
  });

  test("is called once if it was added with once", async () => {
    const { source, server } = await connectOpen();
    source.addEventListener("message", throwing, { once: true });
    source.on("message", throwing, { once: true });
    server.latest.send("1").send("2");
    expect(takeReports()).toEqual([boom, boom]);
  });

  test("an object without handleEvent is reported, too", async () => {
    const { source, server } = await connectOpen();
    source.addEventListener("message", {} as never);
    server.latest.send("1");
    expect(takeReports()).toEqual([expect.any(TypeError)]);
  });

  test("without reportError the exception is uncaught, outside of the dispatch", async () => {
    const { source, server } = await connectOpen();
    const microtasks: (() => void)[] = [];
    vi.stubGlobal("reportError", undefined);
    vi.stubGlobal("queueMicrotask", (task: () => void) => microtasks.push(task));
    const next = vi.fn();
    source.addEventListener("message", throwing);
    source.addEventListener("message", next);
    server.latest.send("1");
    expect(next).toHaveBeenCalledOnce();
    expect(microtasks).toHaveLength(1);
    expect(microtasks[0]).toThrow(boom);
  });
});

describe("server events with the names of lifecycle events and of members of Object", () => {
  const ours = ["open", "error", "invalid", "statechange"];
  const strange = [
    "constructor",
    "__proto__",
    "hasOwnProperty",
    "toString",
    "prototype",
    "data",
    "close",
    "onmessage",
    "",
    " ",
    "日本",
  ];

  test.each(ours)(
    "%s reaches on() only: DOM listeners of that name hear the lifecycle alone",
    async (type) => {
      const { source, server } = await connectOpen();
      const dom = vi.fn();
      const plain = vi.fn();
      source.addEventListener(type, dom);
      source.onopen = source.onerror = dom;
      source.on(type, plain);
      server.latest.send("x", { type });
      expect(dom).not.toHaveBeenCalled();
      expect(plain.mock.calls).toEqual([["x", expect.anything()]]);
      expect(source.readyState).toBe(1);
    },
  );

  test.each(strange)("%j is an ordinary name", async (type) => {
    const { source, server } = await connectOpen();
    const dom = vi.fn();
    const plain = vi.fn();
    server.latest.send("unheard", { type });
    source.addEventListener(type, dom);
    source.on(type, plain);
    server.latest.send("x", { type }).send("other", { type: "other" });
    expect(dom.mock.calls).toEqual([[expect.objectContaining({ type, data: "x" })]]);
    expect(plain.mock.calls).toEqual([["x", expect.anything()]]);
  });

  test.each([...ours, ...strange])("%j without a listener is harmless", async (type) => {
    const { source, server, log } = await connectOpen();
    log.length = 0;
    server.latest.send("x", { type, id: "9" });
    expect([log, source.state.status, source.lastEventId]).toEqual([[], "open", "9"]);
  });
});
