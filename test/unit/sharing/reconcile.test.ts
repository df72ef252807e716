import { describe, expect, test } from "vitest";
import { History } from "../../../src/sharing/history.ts";
import type { Answer } from "../../../src/sharing/messages.ts";
import { reconcile } from "../../../src/sharing/reconcile.ts";
import type { RelayedEvent } from "../../../src/sharing/relayed.ts";

const event = (id: number): RelayedEvent => ({
  type: "message",
  data: "",
  lastEventId: String(id),
  origin: "",
  idInherited: false,
  connection: 1,
});

/** A history that begins after `before` and has the events up to `last`. */
function historyOf(before: string, last = Number(before)): History {
  const history = new History(before);
  for (let id = Number(before) + 1; id <= last; id++) history.add(event(id));
  return history;
}

const answer = (after: string, missed: RelayedEvent[] | null): Answer => ({
  to: "us",
  after,
  missed,
  sticky: [],
});

describe("a follower", () => {
  test.each(["", "3"])("with the leader's id, %j, continues", (id) => {
    expect(reconcile(historyOf(id), id, undefined)).toEqual({ action: "continue", repeats: [] });
  });

  test("without an id starts at the leader's, whatever the answer", () => {
    for (const reply of [undefined, answer("", null), answer("", [event(1)])])
      expect(reconcile(historyOf(""), "7", reply)).toEqual({ action: "start" });
  });

  test("ahead of the leader continues, and expects repeats", () => {
    expect(reconcile(historyOf("3", 6), "4", answer("6", null))).toEqual({
      action: "continue",
      repeats: ["5", "6"],
    });
    expect(reconcile(historyOf("3", 6), "3", answer("6", null))).toEqual({
      action: "continue",
      repeats: ["4", "5", "6"],
    });
  });

  test("with another id than the leader asks which events it misses", () => {
    expect(reconcile(historyOf("3"), "5", undefined)).toEqual({ action: "ask" });
    expect(reconcile(historyOf("3", 6), "5", undefined)).toEqual({ action: "ask" });
  });

  test("asks again if the answer is about an older id", () => {
    expect(reconcile(historyOf("3", 4), "6", answer("3", [event(4), event(5)]))).toEqual({
      action: "ask",
    });
  });

  test("delivers the missed events", () => {
    expect(reconcile(historyOf("3"), "5", answer("3", [event(4), event(5)]))).toEqual({
      action: "replay",
      missed: [event(4), event(5)],
    });
    expect(reconcile(historyOf("3"), "4", answer("3", []))).toEqual({
      action: "replay",
      missed: [],
    });
  });

  test("is not ahead of a leader that knows its id, if the server uses ids again", () => {
    const missed = [event(7), event(5)];
    expect(reconcile(historyOf("3", 6), "5", answer("6", missed))).toEqual({
      action: "replay",
      missed,
    });
  });

  test("asks the server if the leader no longer has them", () => {
    expect(reconcile(historyOf("3"), "5000", answer("3", null))).toEqual({ action: "catchUp" });
  });

  test("with an id, of a leader without one, which did not resume: asks the server", () => {
    expect(reconcile(historyOf("3", 6), "", undefined)).toEqual({ action: "ask" });
    expect(reconcile(historyOf("3", 6), "", answer("6", null))).toEqual({ action: "catchUp" });
  });
});
