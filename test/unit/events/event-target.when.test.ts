import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { TrackedEventTarget as Tracked } from "../../../src/events/event-target.ts";

// Chrome 135 has `when()`; this is its part of the specification, for a runtime without it. The
// browser's own is in test/browser/fetch-differences.test.ts.

class Observable {
  constructor(
    private readonly run: (subscriber: { next(event: Event): void; signal: AbortSignal }) => void,
  ) {}
  subscribe(next: (event: Event) => void, { signal }: { signal: AbortSignal }): void {
    this.run({ next, signal });
  }
}
type WithWhen = Tracked & { when(type: string, options?: object): Observable };

let TrackedEventTarget: typeof Tracked;
beforeAll(async () => {
  vi.stubGlobal("Observable", Observable);
  const prototype = EventTarget.prototype as { when?: unknown };
  prototype.when = () => {
    throw new Error("the platform's own was called");
  };
  vi.resetModules();
  ({ TrackedEventTarget } = await import("../../../src/events/event-target.ts"));
  delete prototype.when;
});
afterAll(() => {
  vi.unstubAllGlobals();
});

test("when() counts as a listener from the subscription to its abort", () => {
  class Spy extends TrackedEventTarget {
    has(type: string): boolean {
      return this._hasListener(type);
    }
  }
  const target = new Spy() as Spy & WithWhen;
  const observable = target.when("price");
  expect(target.has("price")).toBe(false);
  const controller = new AbortController();
  const next = vi.fn();
  observable.subscribe(next, { signal: controller.signal });
  expect(target.has("price")).toBe(true);
  const event = new Event("price");
  target.dispatchEvent(event);
  expect(next.mock.calls).toEqual([[event]]);
  controller.abort();
  expect(target.has("price")).toBe(false);
  target.dispatchEvent(new Event("price"));
  expect(next).toHaveBeenCalledTimes(1);
});

test("when() is there only where the platform has it", async () => {
  expect("when" in TrackedEventTarget.prototype).toBe(true);
  expect(Object.keys(TrackedEventTarget.prototype)).not.toContain("when");
  vi.resetModules();
  const without = await import("../../../src/events/event-target.ts");
  expect("when" in without.TrackedEventTarget.prototype).toBe(false);
});
