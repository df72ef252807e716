import { afterEach, describe, expect, test, vi } from "vitest";
import { Subscriptions } from "../../../src/events/subscriptions.ts";

/** A careless tool adds and removes listeners by the thousand, in any order. */
const MANY = 2000;
const nothing = (): void => undefined;

/** The time on the processor (µs), since other processes do not count in it: the best of five. */
function costOf(action: () => void): number {
  const costs = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    action();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  });
  return Math.min(...costs);
}

/** How many times as many there are in the second measurement. */
const TIMES = 32;

/**
 * 32 times as many should take 32 times as long; with what the garbage collector does meanwhile, it
 * may be 160 times. With the square it would be 1,024 times.
 */
function expectLinear(action: (count: number) => void): void {
  action(MANY);
  expect(costOf(() => action(TIMES * MANY)) / costOf(() => action(MANY))).toBeLessThan(400);
}

type Removals = (() => void)[];

describe.each<[order: string, sort: (removals: Removals) => Removals]>([
  ["the first one first", (removals) => removals],
  ["the last one first", (removals) => removals.reverse()],
])("many listeners of one name, removed %s, take linear time", (_order, sort) => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test("on()", () => {
    expectLinear((count) => {
      const subscriptions = new Subscriptions(undefined);
      const removals = Array.from({ length: count }, () => subscriptions.on("price", nothing));
      expect(subscriptions.find("price")?.registrations.size).toBe(count);
      for (const remove of sort(removals)) remove();
      expect(subscriptions.find("price")).toBeUndefined();
    });
  });

  test("addEventListener, apart from what the platform itself takes", async () => {
    // Chromium and Node compare each new listener with all that are there, which is quadratic.
    class Platform {
      addEventListener(): void {
        // Takes no time.
      }
      removeEventListener(): void {
        // Takes no time.
      }
    }
    vi.stubGlobal("EventTarget", Platform);
    vi.resetModules();
    const { TrackedEventTarget } = await import("../../../src/events/event-target.ts");
    const changes: boolean[] = [];
    class Target extends TrackedEventTarget {
      protected override _onListenersChange(_type: string, hasListeners: boolean): void {
        changes.push(hasListeners);
      }
    }
    expectLinear((count) => {
      const target = new Target();
      const removals = Array.from({ length: count }, () => {
        const listener = (): void => undefined;
        target.addEventListener("price", listener);
        return () => {
          target.removeEventListener("price", listener);
        };
      });
      for (const remove of sort(removals)) remove();
      expect(changes.splice(0)).toEqual([true, false]);
    });
  });
});
