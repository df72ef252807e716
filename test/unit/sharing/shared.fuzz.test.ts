import fc from "fast-check";
import { expect, test } from "vitest";
import { numbers, useTabs, type Tab } from "../../support/unit/tabs.ts";
import { useWorld } from "../../support/unit/world.ts";

const tabs = useTabs();
useWorld();

/** Structured values, and values that look like messages of the protocol. */
const anyMessage = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }),
  fc.record(
    {
      kind: fc.constantFrom(
        ..."hello names ping pong state events lastEventId retry activity".split(" "),
        "constructor",
      ),
      from: fc.oneof(fc.string(), fc.anything()),
      term: fc.oneof(fc.integer(), fc.constantFrom("1", NaN, Infinity, 1n)),
      names: fc.oneof(fc.constant("message"), fc.array(fc.anything())),
      lastEventId: fc.oneof(fc.string(), fc.anything()),
      origin: fc.anything(),
      events: fc.oneof(
        fc.anything(),
        fc.array(fc.record({ type: fc.string(), data: fc.anything() })),
      ),
      state: fc.oneof(
        fc.anything(),
        fc.record({
          status: fc.constantFrom("connecting", "open", "failed", "closed"),
          headers: fc.anything(),
          connection: fc.oneof(fc.nat(), fc.anything()),
          retryAt: fc.constantFrom("soon", NaN, -1, 1n),
          error: fc.anything(),
        }),
      ),
      answer: fc.anything(),
      ms: fc.oneof(fc.double(), fc.anything()),
      reconnectNow: fc.oneof(fc.boolean(), fc.anything()),
    },
    { requiredKeys: ["kind"] },
  ),
);

test("random messages on the channel: no error, nothing lost or repeated", async () => {
  const all: Tab[] = [];
  while (all.length < 3) all.push(await tabs.current.open());
  const [leader, follower] = all;
  let count = 0;
  for (const message of fc.sample(anyMessage, { numRuns: 2000, seed: 17 })) {
    const { channel } = count % 2 ? leader! : follower!;
    try {
      channel.postMessage(message);
    } catch {
      // Functions and symbols cannot be cloned.
    }
    if (++count % 100) continue;
    tabs.current.publish();
    await tabs.current.settle();
  }
  await tabs.current.pass(30);
  tabs.current.publish();
  await tabs.current.settle();
  for (const { got, log } of all) {
    expect(got).toEqual(numbers(1, 21));
    expect(log.filter((line) => line.startsWith("error"))).toEqual([]);
  }
  expect(tabs.current.server.connections).toHaveLength(1);
});
