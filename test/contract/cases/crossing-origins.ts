import { expect, it } from "vitest";
import type { Bench } from "../contract.ts";
import type { Resume } from "../../../src/transport/resume.ts";

export function crossingOrigins(bench: Bench): void {
  const preflights = () => bench.away.requests.filter(({ method }) => method === "OPTIONS").length;

  for (const withCredentials of [false, true]) {
    it(`needs no preflight ${withCredentials ? "with" : "without"} credentials, and none to resume`, async () => {
      const before = preflights();
      for (const lastEventId of ["", "é 1"]) {
        const { client, connection, request } = await bench.open({
          server: bench.away,
          withCredentials,
          lastEventId,
        });
        connection.write("data: a\n\n");
        await client.received("a");
        const inQuery = bench.isPage || client.abilities.resume === "query";
        expect(request.query).toBe(lastEventId && inQuery ? "lastEventId=%C3%A9%201" : "");
        expect(request.headers.get("last-event-id") ?? "").toBe(
          lastEventId && !inQuery ? Buffer.from(lastEventId).toString("latin1") : "",
        );
      }
      expect(preflights()).toBe(before);
    });
  }

  it("the header can be sent across origins, at the price of a preflight", async () => {
    const before = preflights();
    // The preflight comes first, so accept() would return that connection.
    const path = bench.newPath();
    bench.away.serve(path, (_, connection) => connection.head().write("data: a\n\n"), {
      cors: true,
    });
    const resume: Resume = "header";
    const client = await bench.connect({ url: bench.away.origin + path, lastEventId: "1", resume });
    await client.received("a");
    const isHeader = client.abilities.resume === "header";
    expect(bench.away.requestsTo(path).at(-1)!.headers.get("last-event-id")).toBe(
      isHeader ? "1" : undefined,
    );
    expect(preflights() - before).toBe(isHeader && bench.isPage ? 1 : 0);
  });

  it("cookies are sent within the origin, and across origins only if asked for", async () => {
    const cookie = bench.isPage ? "crumb=1" : undefined;
    const cookieOf = async (server: Bench["home"], withCredentials: boolean) =>
      (await bench.request({ server, withCredentials })).request.headers.get("cookie");
    expect(await cookieOf(bench.home, false)).toBe(cookie);
    expect(await cookieOf(bench.home, true)).toBe(cookie);
    expect(await cookieOf(bench.away, false)).toBe(undefined);
    expect(await cookieOf(bench.away, true)).toBe(cookie);
  });

  it("an answer that does not allow the page's origin is refused", async () => {
    const { client, connection } = await bench.request({ server: bench.away, cors: false });
    connection.head().write("data: secret\n\n");
    if (!bench.isPage) {
      await client.received("secret");
      return;
    }
    const settled = await client.end();
    if (client.abilities.status)
      expect(settled).toMatchObject({ call: "rejected", reason: "network", status: null });
    else expect(["network", "rejected"]).toContain((settled as { reason?: string }).reason);
    expect(client.entries).toHaveLength(1);
  });
}
