import { expect, it } from "vitest";
import { LONGEST_EVENT } from "../../../src/transport/http/parser.ts";
import type { Bench } from "../contract.ts";

const MANY = 50_000;

export function load(bench: Bench): void {
  it(`${MANY} events at once arrive once each and in order`, async () => {
    const { client, connection } = await bench.open();
    const sent = Array.from({ length: MANY }, (_, index) => String(index));
    connection.write(sent.map((data) => `id: ${data}\ndata: ${data}\n\n`).join(""));
    await client.received(String(MANY - 1));
    expect(client.data.join()).toBe(sent.join());
    expect(client.resumePoint).toBe(String(MANY - 1));
  });

  it("an event that never ends is refused at a limit", async () => {
    const { client, connection } = await bench.open();
    const { longestEvent = LONGEST_EVENT } = bench.traits;
    connection.write("data: ").write(Buffer.alloc(longestEvent, "x"));
    if (client.abilities.comments) {
      expect(await client.end()).toMatchObject({ call: "rejected", reason: "unsupported" });
      await connection.closed;
      return;
    }
    // An EventSource has a limit of its own, or none.
    connection.write("\n\n");
    await client.received(`${longestEvent} characters`);
  });
}
