import { expect, test } from "vitest";
import { describeAdapter } from "../support/adapters/adapter-suite.ts";
import { Route, stream } from "../support/pages/page-route.ts";

describeAdapter("Svelte 5", { page: "svelte" }, (bench) => {
  test("components that share one connection, as $store, keep it from the first to the last", async () => {
    const to = new Route(bench.server, [stream("event: price\ndata: 7\n\n")]);
    const text = (): Promise<string[]> =>
      bench.page.evaluate(() => [...document.querySelectorAll("p")].map((p) => p.textContent));
    const connection = await bench.page.evaluateHandle((url) => shared(url), to.url);
    expect(await connection.evaluate((connection) => connection.read())).toBe("connecting");
    expect(to.count).toBe(0);
    const [first, second] = [
      await connection.evaluateHandle((it) => it.mount()),
      await connection.evaluateHandle((it) => it.mount()),
    ];
    await expect.poll(text).toEqual(["open 7", "open 7"]);
    await first.evaluate((component) => component.unmount());
    to.arrivals[0]!.connection.write("event: price\ndata: 8\n\n");
    await expect.poll(text).toEqual(["open 8"]);
    expect(await connection.evaluate((connection) => connection.read())).toBe("open");
    expect(to.count).toBe(1);
    await second.evaluate((component) => component.unmount());
    await bench.live(0);
    expect(await connection.evaluate((connection) => connection.read())).toBe("connecting");
    // Once more.
    const third = await connection.evaluateHandle((it) => it.mount());
    await expect.poll(text).toEqual(["open 7"]);
    await third.evaluate((component) => component.unmount());
    await bench.live(0);
    expect(to.count).toBe(2);
  });
});
