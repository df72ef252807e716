import { getEventListeners } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { iterate, ResilientEventSource } from "../../../src/index.ts";
import { onAbort } from "../../../src/util/on-abort.ts";

const transport = () => new Promise<void>(() => undefined);
const sources: ResilientEventSource[] = [];
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
});

function connect(signal?: AbortSignal): ResilientEventSource {
  const source = new ResilientEventSource("https://a.example/", { transport, signal });
  sources.push(source);
  return source;
}

/** Uses of one signal in each of the ways in which this package takes one. */
const uses: Record<string, (signal: AbortSignal) => () => void> = {
  "a source": (signal) => {
    const source = connect(signal);
    return () => source.close();
  },
  "on()": (signal) => connect().on("message", () => undefined, { signal }),
  "iterate()": (signal) => {
    const loop = iterate(connect(), "message", { signal });
    return () => void loop.return?.();
  },
};

test.each(Object.entries(uses))("%s: one signal for eleven is no leak to Node", async (_, use) => {
  const warned = vi.fn();
  process.on("warning", warned);
  const { signal } = new AbortController();
  const ends = Array.from({ length: 11 }, () => use(signal));
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  // Warnings come in a later task.
  await new Promise((resolve) => setTimeout(resolve));
  process.off("warning", warned);
  expect(warned).not.toHaveBeenCalled();
  for (const end of ends) end();
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("aborting closes every source", () => {
  const controller = new AbortController();
  const all = Array.from({ length: 11 }, () => connect(controller.signal));
  all[3]!.close();
  controller.abort();
  expect(all.map(({ readyState }) => readyState)).toEqual(all.map(() => 2));
});

test("each signal has listeners of its own", () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const calls: string[] = [];
  const remove = onAbort(a.signal, () => calls.push("removed"));
  onAbort(a.signal, () => calls.push("a"));
  onAbort(b.signal, () => calls.push("b"));
  remove();
  a.abort();
  expect(calls).toEqual(["a"]);
});
