import { expect, test, vi } from "vitest";
import { Multicast } from "../../../src/util/multicast.ts";

test("every listener gets every argument, in the order of subscription", () => {
  const calls: string[] = [];
  const list = new Multicast<[name: string, count: number]>();
  list.notify("nobody", 0);
  list.subscribe((name, count) => calls.push(`first ${name} ${count}`));
  list.subscribe((name, count) => calls.push(`second ${name} ${count}`));
  list.notify("tick", 1);
  expect(calls).toEqual(["first tick 1", "second tick 1"]);
});

test("starts with the first listener and stops after the last one, again and again", () => {
  const stop = vi.fn();
  const start = vi.fn(() => stop);
  const list = new Multicast(start);
  for (let round = 1; round <= 2; round++) {
    const removals = [list.subscribe(vi.fn()), list.subscribe(vi.fn())];
    expect(start).toHaveBeenCalledTimes(round);
    removals[0]!();
    removals[0]!();
    expect(stop).toHaveBeenCalledTimes(round - 1);
    removals[1]!();
    expect(stop).toHaveBeenCalledTimes(round);
  }
});

test("what it started can notify the listeners", () => {
  let started: ((word: string) => void) | undefined;
  const list: Multicast<[word: string]> = new Multicast(() => {
    started = (word) => {
      list.notify(word);
    };
    return () => (started = undefined);
  });
  const listener = vi.fn();
  const remove = list.subscribe(listener);
  started?.("hello");
  expect(listener).toHaveBeenCalledExactlyOnceWith("hello");
  remove();
  expect(started).toBeUndefined();
});

test("a listener that another one removes during a notification is not called", () => {
  const list = new Multicast<[]>();
  const second = vi.fn();
  list.subscribe(() => remove());
  const remove = list.subscribe(second);
  list.notify();
  expect(second).not.toHaveBeenCalled();
});

test("a listener that is added during a notification is called from the next one on", () => {
  const list = new Multicast<[]>();
  const added = vi.fn();
  let isAdded = false;
  list.subscribe(() => {
    if (!isAdded) list.subscribe(added);
    isAdded = true;
  });
  list.notify();
  expect(added).not.toHaveBeenCalled();
  list.notify();
  expect(added).toHaveBeenCalledOnce();
});
