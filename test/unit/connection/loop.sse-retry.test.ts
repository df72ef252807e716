import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { fetchTransport, ResilientEventSource } from "../../../src/index.ts";

// The scenario "sse-retry" of the MCP conformance suite, written from its description: a stream
// that was asked for by POST names an id and `retry: 500`, and the server ends it. The client comes
// back by GET, with that id, and not before 450 ms. (How late it may come is tested with the
// injected clock in loop.test.ts.)
test("a POST stream that the server ends is resumed by GET, after the id, at the server's pace", async () => {
  const requests: { method: string; lastEventId: string | undefined; at: number }[] = [];
  let endedAt = 0;
  let resumed = (): void => undefined;
  const resuming = new Promise<void>((resolve) => (resumed = resolve));
  const server = createServer(({ method = "", headers }, response) => {
    requests.push({
      method,
      lastEventId: headers["last-event-id"] as string | undefined,
      at: performance.now(),
    });
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    if (method === "POST") {
      response.end("id: event-1\nretry: 500\ndata:\n\n");
      endedAt = performance.now();
    } else {
      response.write(":\n\n");
      resumed();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  let isFirst = true;
  const source = new ResilientEventSource(`http://127.0.0.1:${port}/mcp`, {
    resume: "header",
    transport: fetchTransport(() => {
      if (!isFirst) return { method: "GET" };
      isFirst = false;
      return { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } };
    }),
  });
  await resuming;
  source.close();
  server.closeAllConnections();
  server.close();
  expect(requests.map(({ method, lastEventId }) => [method, lastEventId])).toEqual([
    ["POST", undefined],
    ["GET", "event-1"],
  ]);
  expect(requests[1]!.at - endedAt).toBeGreaterThanOrEqual(450);
});
