import { expect, test } from "vitest";
import { describeAdapter, type AdapterBench } from "../support/adapters/adapter-suite.ts";
import { Route, stream } from "../support/pages/page-route.ts";

// The page renders in StrictMode, which mounts everything twice.

const one = "id: 1\nevent: price\ndata: 1\n\n";
const two = "id: 2\nevent: price\ndata: 2\n\n";

describeAdapter("React 19", { page: "react" }, (bench) => {
  defineReact(bench);

  test("a component that is hidden and comes back resumes", async () => {
    const to = new Route(bench.server, [stream(one), stream(two)]);
    await bench.mount({ url: to.url });
    await bench.heard("|€1|1");
    await bench.update({ url: to.url, hidden: true });
    await bench.live(0);
    await bench.update({ url: to.url });
    await bench.heard("|€2|2");
    expect(to.resumedAfter).toEqual(["", "1"]);
    await bench.shows("all", "1,2");
    await bench.unmount();
  });
});

const alias = { react: "react-18", "react-dom": "react-dom-18" };
describeAdapter("React 18", { page: "react", alias }, defineReact);

function defineReact(bench: AdapterBench): void {
  test("renders that change nothing do not reconnect, and the latest listener is called", async () => {
    const to = new Route(bench.server, [stream(one)]);
    await bench.mount({ url: to.url, label: "a", options: { backoff: { startingDelay: 1 } } });
    await bench.heard("a|€1|1");
    await bench.update({ url: to.url, label: "b", options: { backoff: { startingDelay: 1 } } });
    to.arrivals[0]!.connection.write(two);
    expect(await bench.heard("b|€2|2")).toEqual(["a|€1|1", "b|€2|2"]);
    expect(to.count).toBe(1);
    await bench.unmount();
  });

  test("names come and go without reconnecting", async () => {
    const to = new Route(bench.server, [stream(one)]);
    await bench.mount({ url: to.url, names: ["price"] });
    await bench.heard("|€1|1");
    await bench.update({ url: to.url, names: ["message"] });
    to.arrivals[0]!.connection.write(two).write("data: hello\n\n");
    expect(await bench.heard("|hello|2")).toEqual(["|€1|1", "|hello|2"]);
    await bench.update({ url: to.url, names: ["price", "message"] });
    to.arrivals[0]!.connection.write("event: price\ndata: 3\n\ndata: bye\n\n");
    expect(await bench.heard("|bye|2")).toEqual(["|€1|1", "|hello|2", "|€3|2", "|bye|2"]);
    expect(to.count).toBe(1);
    await bench.unmount();
  });

  test("the latest reducers apply to later events only", async () => {
    const to = new Route(bench.server, [stream(one)]);
    await bench.mount({ url: to.url, label: "a" });
    await bench.shows("all", "a1");
    await bench.update({ url: to.url, label: "b" });
    to.arrivals[0]!.connection.write(two);
    await bench.shows("all", "a1,b2");
    await bench.unmount();
  });

  test("the reduced state outlives a time without a URL", async () => {
    const to = new Route(bench.server, [stream(one), stream(two)]);
    await bench.mount({ url: to.url });
    await bench.shows("all", "1");
    await bench.update({ url: null });
    await bench.live(0);
    await bench.shows("all", "1");
    await bench.update({ url: to.url });
    await bench.shows("all", "1,2");
    expect(to.resumedAfter).toEqual(["", "1"]);
    await bench.unmount();
  });

  test("another option makes a new connection, which resumes", async () => {
    const to = new Route(bench.server, [stream(one), stream(two)]);
    await bench.mount({ url: to.url, options: { heartbeatTimeout: 60_000 } });
    await bench.heard("|€1|1");
    await bench.update({ url: to.url, options: { heartbeatTimeout: 90_000 } });
    await bench.heard("|€2|2");
    expect(to.resumedAfter).toEqual(["", "1"]);
    await bench.shows("all", "1,2");
    await bench.live(1);
    await bench.unmount();
    await bench.live(0);
  });

  test("another key is another stream", async () => {
    const to = new Route(bench.server, [stream(one), stream(two)]);
    await bench.mount({ url: to.url, stream: "of Ann" });
    await bench.heard("|€1|1");
    await bench.update({ url: to.url, stream: "of Bob" });
    await bench.heard("|€2|2");
    expect(to.resumedAfter).toEqual(["", ""]);
    await bench.shows("all", "2");
    await bench.live(1);
    await bench.unmount();
  });

  test("a bad URL is an error of the component", async () => {
    await bench.page.evaluate(() => {
      adapterPage.mount({ url: "http://[" });
    });
    await expect.poll(() => bench.errors.join()).toContain("is not a valid URL");
    bench.errors.length = 0;
  });
}
