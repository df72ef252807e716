// @module-tag slow
import { afterAll, beforeAll, expect, test } from "vitest";
import { asReceived } from "../contract/engine-traits.ts";
import { FaultServer } from "../support/server/fault-server.ts";
import { refusal, Route, stream } from "../support/pages/page-route.ts";
import { describeTransports } from "../support/pages/page-transports.ts";

// The contract suite looks at single connections to another origin. These tests look at several
// connections of one source, in the server's request log.

let away: FaultServer;
beforeAll(async () => {
  away = await FaultServer.start();
});
afterAll(() => away.close());

const ID = "é,1";
const IN_QUERY = "lastEventId=%C3%A9%2C1";

describeTransports((bench) => {
  const eventually = () =>
    new Route(away, [refusal(503), stream(`id: ${ID}\ndata: a\n\n`), stream("data: b\n\n")], {
      cors: true,
    });

  test.each([false, true])(
    "no preflight, at first and when it resumes; cookies only if asked for; withCredentials: %s",
    async (withCredentials) => {
      const to = eventually();
      const source = await bench.connect(to.url, { withCredentials });
      await source.heard("a");
      to.arrivals[1]!.connection.reset();
      await source.heard("b");

      const log = away.requests.filter(({ path }) => to.url.endsWith(path));
      expect(log.map(({ method, query }) => [method, query])).toEqual([
        ["GET", ""],
        ["GET", ""],
        ["GET", IN_QUERY],
      ]);
      expect(log.map(({ headers }) => headers.has("last-event-id"))).toEqual([false, false, false]);
      const cookie = withCredentials ? "crumb=1" : undefined;
      expect(log.map(({ headers }) => headers.get("cookie"))).toEqual([cookie, cookie, cookie]);
    },
  );

  test.each([false, true])(
    'resume: "header" costs a preflight, and works; withCredentials: %s',
    async (withCredentials) => {
      const to = eventually();
      const source = await bench.connect(to.url, { withCredentials, resume: "header" });
      await source.heard("a");
      to.arrivals[1]!.connection.reset();
      await source.heard("b");

      const log = away.requests.filter(({ path }) => to.url.endsWith(path));
      expect(log.map(({ method, query }) => [method, query])).toEqual([
        ["GET", ""],
        ["GET", ""],
        ["OPTIONS", ""],
        ["GET", ""],
      ]);
      expect(log[2]!.headers.get("access-control-request-headers")).toBe("last-event-id");
      expect(to.resumedAfter).toEqual(["", "", asReceived(ID)]);
      // A preflight never has any.
      const cookie = withCredentials ? "crumb=1" : undefined;
      expect(log.map(({ headers }) => headers.get("cookie"))).toEqual([
        cookie,
        cookie,
        undefined,
        cookie,
      ]);
    },
  );

  test('resume: "header" to a server that does not allow it: an outage until it does', async () => {
    const allowed: Record<string, string> = { "Access-Control-Allow-Origin": "*" };
    const to = new Route(away, [
      ({ method, headers }, connection) => {
        connection.head({ headers: allowed });
        if (method === "OPTIONS") connection.end();
        else connection.write(`id: 1\ndata: after ${headers.get("last-event-id")}\n\n`);
      },
    ]);
    const source = await bench.connect(to.url, { resume: "header" });
    await source.heard("after undefined");
    to.arrivals[0]!.connection.reset();
    const { errors } = await source.failed(3);
    expect(errors.map(({ error }) => error.reason)).toEqual(errors.map(() => "network"));
    expect(to.arrivals.slice(1).map(({ request }) => request.method)).toEqual(
      to.arrivals.slice(1).map(() => "OPTIONS"),
    );
    allowed["Access-Control-Allow-Headers"] = "Last-Event-ID";
    await source.heard("after 1");
  });
});
