import { expect, test, vi } from "vitest";
import { connectOpen, useWorld } from "../../support/unit/world.ts";

useWorld();

test("without MessageEvent, as in React Native, events have its members all the same", async () => {
  const { source, server } = await connectOpen();
  const heard: unknown[] = [];
  source.addEventListener("message", ({ type, data, lastEventId, origin }) =>
    heard.push({ type, data, lastEventId, origin }),
  );
  server.latest.send("with", { id: "1" });
  vi.stubGlobal("MessageEvent", undefined);
  server.latest.send("without", { id: "2" });
  const origin = "https://example.com";
  expect(heard).toEqual([
    { type: "message", data: "with", lastEventId: "1", origin },
    { type: "message", data: "without", lastEventId: "2", origin },
  ]);
});
