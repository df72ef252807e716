import { expect, test, vi } from "vitest";
import { aborted, sleep } from "../../../src/util/sleep.ts";
import { leftovers, NOTHING, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

test("ends after its time and leaves nothing", async () => {
  const done = vi.fn();
  void sleep(1000, new AbortController().signal).then(done);
  expect(leftovers()).toEqual({ ...NOTHING, timers: 1, abortListeners: 1 });
  await tick(999);
  expect(done).not.toHaveBeenCalled();
  await tick(1);
  expect(done).toHaveBeenCalledOnce();
  expect(leftovers()).toEqual(NOTHING);
});

test("ends early when the signal aborts and leaves nothing", async () => {
  const controller = new AbortController();
  const remove = vi.spyOn(controller.signal, "removeEventListener");
  const done = vi.fn();
  void sleep(1000, controller.signal).then(done);
  await tick(10);
  controller.abort();
  await tick();
  expect(done).toHaveBeenCalledOnce();
  expect(remove).toHaveBeenCalledOnce();
  expect(leftovers()).toEqual(NOTHING);
});

test("does not begin when the signal has aborted", async () => {
  const signal = AbortSignal.abort();
  const remove = vi.spyOn(signal, "removeEventListener");
  const add = vi.spyOn(signal, "addEventListener");
  await sleep(1000, signal);
  expect(remove).toHaveBeenCalledTimes(add.mock.calls.length);
  expect(leftovers()).toEqual(NOTHING);
});

test("aborted resolves once its signal aborts, or has", async () => {
  await aborted(AbortSignal.abort());
  const controller = new AbortController();
  const done = vi.fn();
  void aborted(controller.signal).then(done);
  await tick(1000);
  expect(done).not.toHaveBeenCalled();
  controller.abort();
  await tick();
  expect(done).toHaveBeenCalledOnce();
});
