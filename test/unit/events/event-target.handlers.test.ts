import { describe, expect, test, vi } from "vitest";
import type { ResilientEventSource } from "../../../src/index.ts";
import { connect, connectOpen, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

describe("onopen, onmessage, onerror", () => {
  test("are null until set, and return the value that was set", () => {
    const { source } = connect();
    for (const name of ["onopen", "onmessage", "onerror"] as const) {
      expect(source[name]).toBeNull();
      const handler = (): void => {};
      source[name] = handler;
      expect(source[name]).toBe(handler);
      source[name] = null;
      expect(source[name]).toBeNull();
      for (const none of [undefined, 5, "x", {}]) {
        source[name] = none as never;
        expect(source[name]).toBeNull();
      }
    }
  });

  test("onmessage fires once per event, for the latest handler only; null removes it", async () => {
    const { source, server } = await connectOpen();
    const heard: string[] = [];
    source.onmessage = ({ data }) => heard.push(`first ${data}`);
    server.latest.send("1");
    source.onmessage = ({ data }) => heard.push(`second ${data}`);
    server.latest.send("2");
    source.onmessage = null;
    source.onmessage = null;
    server.latest.send("3");
    source.onmessage = undefined as any;
    server.latest.send("4");
    expect(heard).toEqual(["first 1", "second 2"]);
  });

  test("keep their place when replaced and lose it when set to null, as in HTML", async () => {
    const { source, server } = await connectOpen();
    const order: string[] = [];
    const send = (): string => {
      order.length = 0;
      server.latest.send("x");
      return order.join(" ");
    };
    source.onmessage = () => order.push("handler");
    source.addEventListener("message", () => order.push("listener"));
    expect(send()).toBe("handler listener");
    source.onmessage = () => order.push("replaced");
    expect(send()).toBe("replaced listener");
    source.onmessage = null;
    source.onmessage = () => order.push("again");
    expect(send()).toBe("listener again");
  });

  test("a function that is also a listener is called twice; both are removed separately", async () => {
    const { source, server } = await connectOpen();
    const handler = vi.fn();
    source.onmessage = handler;
    source.addEventListener("message", handler);
    server.latest.send("1");
    expect(handler).toHaveBeenCalledTimes(2);
    source.removeEventListener("message", handler);
    server.latest.send("2");
    expect(handler).toHaveBeenCalledTimes(3);
  });

  test("a handler set during a dispatch is called if its turn has not come yet", async () => {
    const { source, server } = await connectOpen();
    const heard: string[] = [];
    source.addEventListener("message", () => (source.onmessage = () => heard.push("new")), {
      once: true,
    });
    source.onmessage = () => heard.push("old");
    server.latest.send("1");
    expect(heard).toEqual(["new"]);
  });

  test("the id is recorded with any kind of listener", async () => {
    for (const listen of [
      () => {},
      (source: ResilientEventSource) => (source.onmessage = () => {}),
      (source: ResilientEventSource) => source.on("message", () => {}),
    ]) {
      const { source, server } = await connectOpen();
      listen(source);
      server.latest.send("x", { id: "7" });
      expect(source.lastEventId).toBe("7");
    }
  });

  test("onopen and onerror are called once for a lifecycle event", async () => {
    const { source, server } = connect();
    const heard: string[] = [];
    source.onopen = ({ type }) => heard.push(type);
    source.onerror = ({ type }) => heard.push(type);
    await tick();
    server.latest.open().end();
    await tick();
    expect(heard).toEqual(["open", "error"]);
  });
});
