import { describe, expect, test } from "vitest";
import { RecentIds } from "../../../src/events/recent-ids.ts";
import { connect, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

/** For one connection after the other: true for each id that is a repeat. */
function repeats(limit: number, ...connections: readonly (readonly string[])[]): string[] {
  const recent = new RecentIds(limit);
  return connections.flatMap((ids) => {
    recent.connect();
    return ids.filter((lastEventId) => recent.isRepeat({ lastEventId, origin: "" }));
  });
}

describe("a repeat is", () => {
  test("an event with an id that an earlier connection delivered", () => {
    expect(repeats(10, ["1", "2", "3"], ["2", "3", "4"], ["1", "4", "5"])).toEqual([
      "2",
      "3",
      "1",
      "4",
    ]);
  });

  test("never one of a connection that continues after another one", () => {
    const recent = new RecentIds(10);
    const isRepeat = (lastEventId: string): boolean => recent.isRepeat({ lastEventId, origin: "" });
    recent.connect(7);
    expect([isRepeat("1"), isRepeat("2")]).toEqual([false, false]);
    recent.connect(8);
    expect([isRepeat("2"), isRepeat("3")]).toEqual([true, false]);
    recent.connect(7);
    expect([isRepeat("1"), isRepeat("3")]).toEqual([false, true]);
    recent.connect();
    expect(isRepeat("1")).toBe(true);
  });

  test("never one of the same connection: servers give several events one id", () => {
    expect(repeats(10, ["1", "1", "2", "1"])).toEqual([]);
    expect(repeats(10, ["0"], ["1", "1", "2", "1"])).toEqual([]);
  });

  test("never an event without an id", () => {
    expect(repeats(10, ["", ""], ["", ""])).toEqual([]);
  });

  test("never an event whose id was inherited from the connection before", () => {
    const recent = new RecentIds(10);
    recent.connect();
    recent.isRepeat({ lastEventId: "1", origin: "" });
    recent.connect();
    expect(recent.isRepeat({ lastEventId: "1", origin: "", idInherited: true })).toBe(false);
  });

  test("never an event without an id of its own: twice is better than never", () => {
    expect(repeats(10, ["1"], ["1", "1"])).toEqual(["1"]);
  });

  test("ids are opaque", () => {
    const strange = ["__proto__", "constructor", "1", "01", "1 ", "日本"];
    expect(repeats(10, strange, strange)).toEqual(strange);
  });
});

describe("the limit", () => {
  test("the oldest id is forgotten", () => {
    expect(repeats(2, ["1", "2", "3"], ["1", "2", "3"])).toEqual([]);
    expect(repeats(3, ["1", "2", "3"], ["1", "2", "3"])).toEqual(["1", "2", "3"]);
  });

  test("a repeated id becomes the latest", () => {
    expect(repeats(2, ["1", "2"], ["1", "3"], ["1"])).toEqual(["1", "1"]);
  });

  test("it holds no more ids than the limit", () => {
    const recent = new RecentIds(5);
    for (let id = 0; id < 1000; id++) {
      if (id % 10 === 0) recent.connect();
      recent.isRepeat({ lastEventId: String(id), origin: "" });
    }
    expect(
      (recent as unknown as { _connectionById: Map<string, number> })._connectionById.size,
    ).toBe(5);
  });
});

describe("in a source", () => {
  async function replay(dedupe: number | undefined) {
    const { source, server } = connect({ dedupe });
    const heard: string[] = [];
    source.on("message", (data) => heard.push(data));
    source.addEventListener("message", ({ data }) => heard.push(`DOM ${data}`));
    await tick();
    server.latest.open().send("a", { id: "1" }).send("b", { id: "2" }).end();
    await tick(1500);
    server.latest.open().send("a", { id: "1" }).send("b", { id: "2" });
    expect(source.lastEventId).toBe("2");
    server.latest.send("c", { id: "3" });
    expect(source.lastEventId).toBe("3");
    return heard;
  }

  test("events that a server replays are delivered once", async () => {
    expect(await replay(100)).toEqual(["a", "DOM a", "b", "DOM b", "c", "DOM c"]);
  });

  test("is off by default", async () => {
    expect(await replay(undefined)).toHaveLength(10);
  });

  test("the id of a dropped event counts: the next request resumes after it", async () => {
    const { source, server } = connect({ dedupe: 10 });
    await tick();
    server.latest.open().send("a", { id: "1" }).send("b", { id: "2" }).end();
    await tick(1500);
    server.latest.open().send("a", { id: "1" });
    expect(source.lastEventId).toBe("1");
    server.latest.end();
    await tick(60_000);
    expect(server.latest.request.lastEventId).toBe("1");
  });
});
