import { expect, test, vi } from "vitest";
import { connect, tick, useWorld } from "../../support/unit/world.ts";

useWorld();

const META = { lastEventId: "", origin: "" };

/** Connects, and opens a connection; gives what sends a server event, and the warnings. */
async function open() {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const { source, server } = connect();
  await tick();
  const { sink } = server.latest.open();
  return { source, warn, send: (type: string) => sink.event(type, "data", META) };
}

test.each(["error", "open"])(
  "a server event named %s that only on() could receive is one warning for each source",
  async (name) => {
    const { source, warn, send } = await open();
    const listener = vi.fn();
    source.addEventListener(name as "error", listener);
    send(name);
    send(name);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toContain(`on("${name}", …)`);
    expect(listener).not.toHaveBeenCalled();
  },
);

test("there is no warning where on() listens, and none for other names", async () => {
  const { source, warn, send } = await open();
  const listener = vi.fn();
  source.on("error" as "message", listener);
  for (const name of ["error", "invalid", "statechange", "close", "message", ""]) send(name);
  expect(listener).toHaveBeenCalledTimes(1);
  expect(warn).not.toHaveBeenCalled();
});
