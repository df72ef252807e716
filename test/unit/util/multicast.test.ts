import { expect, test, vi } from "vitest";
import { multicast } from "../../../src/util/multicast.ts";

test("every listener gets every argument, in the order of subscription", () => {
  const calls: string[] = [];
  const { subscribe, notify } = multicast<[name: string, count: number]>();
  notify("nobody", 0);
  subscribe((name, count) => calls.push(`first ${name} ${count}`));
  subscribe((name, count) => calls.push(`second ${name} ${count}`));
  notify("tick", 1);
  expect(calls).toEqual(["first tick 1", "second tick 1"]);
});

test("starts with the first listener and stops after the last one, again and again", () => {
  const stop = vi.fn();
  const start = vi.fn(() => stop);
  const { subscribe } = multicast(start);
  for (let round = 1; round <= 2; round++) {
    const removals = [subscribe(vi.fn()), subscribe(vi.fn())];
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
  const { subscribe } = multicast<[word: string]>((notify) => {
    started = notify;
    return () => (started = undefined);
  });
  const listener = vi.fn();
  const remove = subscribe(listener);
  started?.("hello");
  expect(listener).toHaveBeenCalledExactlyOnceWith("hello");
  remove();
  expect(started).toBeUndefined();
});

test("a listener that another one removes during a notification is not called", () => {
  const { subscribe, notify } = multicast<[]>();
  const second = vi.fn();
  subscribe(() => remove());
  const remove = subscribe(second);
  notify();
  expect(second).not.toHaveBeenCalled();
});

test("a listener that is added during a notification is called from the next one on", () => {
  const { subscribe, notify } = multicast<[]>();
  const added = vi.fn();
  let isAdded = false;
  subscribe(() => {
    if (!isAdded) subscribe(added);
    isAdded = true;
  });
  notify();
  expect(added).not.toHaveBeenCalled();
  notify();
  expect(added).toHaveBeenCalledOnce();
});
