import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { json, ResilientEventSource, type ResilientEventSourceOptions } from "resilient-eventsource";
import { fakeStream } from "resilient-eventsource/testing";

// The app. It accepts options, so that a test can pass a transport.

class PriceTicker {
  readonly prices = new Map<string, number>();
  status = "connecting";
  private readonly source: ResilientEventSource<{ price: { symbol: string; eur: number } }>;

  constructor(options: ResilientEventSourceOptions = {}) {
    this.source = new ResilientEventSource("https://example.com/prices", { ...options, events: { price: json() } });
    this.source.on("price", ({ symbol, eur }) => this.prices.set(symbol, eur));
    this.source.onopen = () => (this.status = "live");
    this.source.onerror = (event) => {
      this.status = event.readyState === ResilientEventSource.CONNECTING ? `back in ${event.delay} ms` : `gone: ${event.error.reason}`;
    };
  }

  stop(): void {
    this.source.close();
  }
}

// Its test. No server and no waiting: the clock is vitest's.

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("shows prices, survives an outage, and resumes where it was", async () => {
  const stream = fakeStream();
  const ticker = new PriceTicker({ transport: stream.transport, backoff: { jitter: "none" } });

  await stream.requested();
  stream.send("price", { symbol: "ACME", eur: 7 }, { id: "41" });
  expect(ticker.prices.get("ACME")).toBe(7);
  expect(ticker.status).toBe("live");

  stream.drop();
  await stream.settled();
  expect(ticker.status).toBe("back in 3000 ms");

  await vi.advanceTimersByTimeAsync(3000);
  expect(stream.requests.at(-1)).toMatchObject({ attempt: 1, lastEventId: "41" });
  stream.send("price", { symbol: "ACME", eur: 8 }, { id: "42" });
  expect(ticker.prices.get("ACME")).toBe(8);

  ticker.stop();
  expect(stream.connected).toBe(false);
});

test("says so when the server is no help any more", async () => {
  const stream = fakeStream();
  const ticker = new PriceTicker({ transport: stream.transport });
  await stream.requested();
  stream.fail({ reason: "status", status: 404 });
  await stream.settled();
  expect(ticker.status).toBe("gone: status");
});
