import { describe, expect, test } from "vitest";
import { History } from "../../../src/sharing/history.ts";
import type { RelayedEvent } from "../../../src/sharing/relayed.ts";

const event = (lastEventId: string, data = ""): RelayedEvent => ({
  type: "message",
  data,
  lastEventId,
  origin: "",
  idInherited: false,
  connection: 1,
});
const ids = (events: readonly RelayedEvent[] | undefined): string[] | undefined =>
  events?.map(({ lastEventId }) => lastEventId);

/** A history with the events from 1 to `count`. */
function historyOf(count: number, data = ""): History {
  const history = new History("0");
  for (let id = 1; id <= count; id++) history.add(event(String(id), data));
  return history;
}

describe("events after an id", () => {
  const history = historyOf(3);

  test.each([
    ["0", ["1", "2", "3"]],
    ["1", ["2", "3"]],
    ["3", []],
    ["4", undefined],
    ["", undefined],
  ])("%j: %j", (id, expected) => {
    expect(ids(history.after(id))).toEqual(expected);
    expect(history.lastEventId).toBe("3");
  });

  test("is a copy: later events are not in it", () => {
    const history = historyOf(2);
    const before = history.after("0");
    history.add(event("3"));
    expect(ids(before)).toEqual(["1", "2"]);
  });

  test("an id that several events have: those after the last of them", () => {
    const history = historyOf(1);
    for (const id of ["2", "2", "3"]) history.add(event(id));
    expect(ids(history.after("2"))).toEqual(["3"]);
    expect(ids(history.after("1"))).toEqual(["2", "2", "3"]);
  });

  test("an empty history knows only its beginning", () => {
    expect(new History("7").after("7")).toEqual([]);
    expect(new History("7").after("6")).toBeUndefined();
    expect(new History("").after("")).toEqual([]);
  });
});

describe("an id without an event", () => {
  test("before the first event, it becomes the beginning", () => {
    const history = new History("");
    history.moveTo("5");
    expect(history.lastEventId).toBe("5");
    expect(history.after("")).toBeUndefined();
    history.add(event("6"));
    expect(ids(history.after("5"))).toEqual(["6"]);
  });

  test("later, it is the last event ID, and the events before it stay known", () => {
    const history = historyOf(2);
    history.moveTo("5");
    expect(history.after("5")).toEqual([]);
    expect(ids(history.after("1"))).toEqual(["2"]);
  });
});

describe("the history is bounded", () => {
  test("a thousand events", () => {
    const history = historyOf(3000);
    expect(ids(history.after("2000"))).toHaveLength(1000);
    expect(history.after("1999")).toBeUndefined();
    expect(ids(history.after("2999"))).toEqual(["3000"]);
  });

  test("a mebicharacter in all of them", () => {
    const history = historyOf(100, "x".repeat(2 ** 18 - 20));
    expect(ids(history.after("96"))).toEqual(["97", "98", "99", "100"]);
    expect(history.after("95")).toBeUndefined();
  });

  test("ids and names count like data", () => {
    const long = "x".repeat(2 ** 18);
    for (const make of [
      (id: number) => event(`${long}${id}`),
      (id: number) => ({ ...event(String(id)), type: long }),
    ]) {
      const history = new History("");
      for (let id = 1; id <= 264; id++) history.add(make(id));
      const last = history.after(make(263).lastEventId);
      expect(ids(last)).toEqual(ids([make(264)]));
      expect(history.after(make(1).lastEventId)).toBeUndefined();
    }
  });

  test("but keeps the latest event, however long", () => {
    const history = historyOf(5, "x".repeat(2 ** 21));
    expect(ids(history.after("4"))).toEqual(["5"]);
    history.add(event("6"));
    expect(ids(history.after("5"))).toEqual(["6"]);
    expect(history.after("4")).toBeUndefined();
  });
});

describe("sticky names", () => {
  const named = (type: string, data: string): RelayedEvent => ({ ...event("1", data), type });

  test("the latest event of each is kept, for as long as the history", () => {
    const history = new History("", ["a", "b"]);
    for (const data of ["1", "2"])
      for (const type of ["a", "b", "c"]) history.add(named(type, data));
    for (let id = 1; id <= 2000; id++) history.add(event(String(id)));
    expect(history.sticky).toEqual([named("a", "2"), named("b", "2")]);
  });

  test("an event that is kept already is not new", () => {
    const history = new History("", ["a"]);
    expect(history.addSticky(named("a", "1"))).toBe(true);
    expect(history.addSticky(named("a", "1"))).toBe(false);
    expect(history.addSticky({ ...named("a", "1"), connection: 2 })).toBe(true);
    expect(history.lastEventId).toBe("");
  });
});
