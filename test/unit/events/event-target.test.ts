import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { TrackedEventTarget } from "../../../src/events/event-target.ts";
import { ORIGIN } from "../../support/unit/server.ts";
import { connect, connectOpen, leftovers, useWorld } from "../../support/unit/world.ts";

useWorld();

describe("the behaviour of an EventTarget", () => {
  /**
   * The actions on a target with listeners 0 to 2; listener 2 is an object, and some act during the
   * dispatch. Node's own EventTarget does not accept `true` as the options of a removal.
   */
  const step = fc.oneof(
    fc.record({
      do: fc.constantFrom("add" as const),
      listener: fc.nat(2),
      options: fc.constantFrom<(boolean | AddEventListenerOptions | undefined)[]>(
        undefined,
        true,
        false,
        {},
        { once: true },
        { capture: true },
        { once: true, capture: true },
        { passive: true },
      ),
    }),
    fc.record({
      do: fc.constantFrom("remove" as const),
      listener: fc.nat(2),
      options: fc.constantFrom(undefined, false, {}, { capture: true }),
    }),
    fc.record({ do: fc.constantFrom("dispatch" as const) }),
  );

  function play(
    target: EventTarget,
    steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
    during: readonly number[],
  ): unknown[] {
    const log: unknown[] = [];
    // Node calls a listener that was added during a dispatch in the same dispatch, so two listeners
    // that add each other would never end.
    let additions = 0;
    const react = (index: number) =>
      function (this: unknown, event: Event) {
        log.push([
          index,
          event.type,
          this === target || this === listeners[2],
          event.target === target,
        ]);
        if (during[index] === 1) target.removeEventListener("x", listeners[(index + 1) % 3]!);
        if (during[index] === 2 && additions++ < 5)
          target.addEventListener("x", listeners[(index + 1) % 3]!, { once: true });
        if (during[index] === 3) event.stopImmediatePropagation();
      };
    const listeners = [react(0), react(1), { handleEvent: react(2) }];
    for (const action of steps) {
      if (action.do === "dispatch")
        log.push(target.dispatchEvent(new Event("x", { cancelable: true })));
      else if (action.do === "add")
        target.addEventListener("x", listeners[action.listener]!, action.options);
      else target.removeEventListener("x", listeners[action.listener]!, action.options);
    }
    return log;
  }

  test("random actions, also during a dispatch, have the effect of the native EventTarget", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 20 }),
        fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }),
        (steps, during) => {
          expect(play(new TrackedEventTarget(), steps, during)).toEqual(
            play(new EventTarget(), steps, during),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("removing with true removes listeners added with capture, and no others", () => {
    const { source } = connect();
    const listener = vi.fn();
    source.addEventListener("x", listener, true);
    source.addEventListener("x", listener);
    source.removeEventListener("x", listener, true);
    source.dispatchEvent(new Event("x"));
    expect(listener).toHaveBeenCalledOnce();
    source.removeEventListener("x", listener, true);
    source.dispatchEvent(new Event("x"));
    expect(listener).toHaveBeenCalledTimes(2);
  });

  test("null is accepted as a listener and as options", () => {
    const { source } = connect();
    const listener = vi.fn();
    source.addEventListener("x", null);
    source.removeEventListener("x", null);
    source.addEventListener("x", listener, null as any);
    source.dispatchEvent(new Event("x"));
    source.removeEventListener("x", listener, null as any);
    source.dispatchEvent(new Event("x"));
    expect(listener).toHaveBeenCalledOnce();
  });

  test("signal: aborting removes, an aborted signal never adds, no abort listener remains", async () => {
    const { source, server } = await connectOpen();
    const heard: string[] = [];
    const controller = new AbortController();
    const before = leftovers().abortListeners;
    source.addEventListener("message", () => heard.push("aborted later"), {
      signal: controller.signal,
    });
    source.addEventListener("message", () => heard.push("aborted before"), {
      signal: AbortSignal.abort(),
    });
    source.addEventListener("message", () => heard.push("once"), {
      signal: controller.signal,
      once: true,
    });
    const removed = (): void => {};
    source.addEventListener("message", removed, { signal: controller.signal });
    source.removeEventListener("message", removed);
    expect(leftovers().abortListeners).toBe(before + 2);
    server.latest.send("1");
    expect(leftovers().abortListeners).toBe(before + 1);
    controller.abort();
    server.latest.send("2");
    expect(heard).toEqual(["aborted later", "once"]);
  });

  test("during a server event: a removed listener is not called, an added one is called next time", async () => {
    const { source, server } = await connectOpen();
    const heard: string[] = [];
    const second = (): void => void heard.push("second");
    source.addEventListener("message", () => {
      heard.push("first");
      source.removeEventListener("message", second);
      source.addEventListener("message", third);
    });
    const third = (): void => void heard.push("third");
    source.addEventListener("message", second);
    server.latest.send("1").send("2");
    expect(heard).toEqual(["first", "first", "third"]);
  });

  test("this is the source in a function and the object in handleEvent", async () => {
    const { source, server } = await connectOpen();
    const seen: unknown[] = [];
    const object = {
      handleEvent(this: unknown) {
        seen.push(this);
      },
    };
    source.addEventListener("message", function () {
      seen.push(this);
    });
    source.addEventListener("message", object);
    source.onmessage = function (this: unknown) {
      seen.push(this);
    };
    server.latest.send("x");
    expect(seen).toEqual([source, object, source]);
  });
});

test("a server event is a MessageEvent, as with EventSource", async () => {
  const { source, server } = await connectOpen();
  const events: MessageEvent<string>[] = [];
  source.addEventListener("price", (event) => events.push(event));
  server.latest.send("7.5", { type: "price", id: "41" });
  expect(events[0]).toBeInstanceOf(MessageEvent);
  expect(events[0]).toMatchObject({
    type: "price",
    data: "7.5",
    lastEventId: "41",
    origin: ORIGIN,
    target: source,
    bubbles: false,
    cancelable: false,
  });
});
