import { describe, expect, test, vi } from "vitest";
import { sharedTransport, type Transport } from "../../../src/index.ts";
import { useTabs } from "../../support/unit/tabs.ts";
import { tick, useWorld } from "../../support/unit/world.ts";

const tabs = useTabs();
useWorld();

const closed = {
  status: "closed",
  error: { reason: "unsupported", message: expect.stringContaining("fetchTransport({ … })") },
};

// Without sharing, each of these is "unsupported": see attempt.test.ts.
describe.each<[string, () => unknown]>([
  [
    "throws",
    () => {
      throw new Error("it threw");
    },
  ],
  ["gives no promise", () => undefined],
  ["gives an object that is not a promise", () => ({ then: true })],
])("an inner transport that %s closes", (_, inner) => {
  const transport = (): Transport => sharedTransport(inner as Transport, { key: "stream" });

  test("the leader and its followers", async () => {
    const all = [1, 2, 3].map(() => tabs.current.add({ transport: transport() }));
    await tabs.current.settle();
    for (const { source } of all) expect(source.state).toMatchObject(closed);
    await tabs.current.pass(1);
  });

  test("a follower that would catch up with it", async () => {
    const leader = await tabs.current.open();
    tabs.current.publish(2500);
    const behind = await tabs.current.open({ transport: transport(), lastEventId: "1" });
    expect(behind.source.state).toMatchObject(closed);
    expect(leader.source.state).toMatchObject({ status: "open", role: "leader" });
  });

  test.each<[string, Record<string, unknown>]>([
    ["missing", { BroadcastChannel: undefined }],
    ["denied at once", { navigator: { locks: { request: () => Promise.reject(new Error()) } } }],
    [
      "denied later",
      {
        BroadcastChannel: function () {
          throw new Error("denied");
        },
      },
    ],
  ])("a source that cannot share: %s", async (_what, globals) => {
    vi.spyOn(console, "warn").mockReturnValue();
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    const { source } = tabs.current.add({ transport: transport() });
    await tick();
    expect(source.state).toMatchObject(closed);
  });
});
