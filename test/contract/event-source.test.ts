import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { eventSourceTransport } from "../../src/transport/event-source.ts";
import type { EventSourceClass } from "../../src/transport/platform-event-source.ts";
import { polyfillTransport } from "../../src/transport/polyfill.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { Connection, inNode } from "./harness.ts";
import type { ConnectOptions } from "./recorder.ts";

/** An EventSource that the test controls, for behaviour that no real class shows on demand. */
class MockEventSource extends EventTarget {
  static last: MockEventSource;
  readyState = 0;
  closed = 0;
  readonly listening = new Map<string, number>();

  constructor(readonly url: string) {
    super();
    MockEventSource.last = this;
  }
  override addEventListener(type: string, listener: any): void {
    this.count(type, 1);
    super.addEventListener(type, listener);
  }
  override removeEventListener(type: string, listener: any): void {
    this.count(type, -1);
    super.removeEventListener(type, listener);
  }
  close(): void {
    this.readyState = 2;
    this.closed++;
  }
  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  fail(readyState: number): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event("error"));
  }
  get listeners(): number {
    return [...this.listening.values()].reduce((sum, count) => sum + count, 0);
  }
  private count(type: string, by: number): void {
    this.listening.set(type, (this.listening.get(type) ?? 0) + by);
  }
}

describe("eventSourceTransport", () => {
  const connect = async (transport: Transport, options: Partial<ConnectOptions> = {}) =>
    new Connection(
      transport.abilities!,
      await inNode(() => transport).connect({ url: "http://127.0.0.1:1/", ...options }),
    );

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("closes and removes every listener, however the connection ends", async () => {
    const ends: Record<string, (client: Connection, source: MockEventSource) => unknown> = {
      abort: (client) => client.abort(),
      "an error while connecting": (_, source) => source.fail(0),
      "an error for good": (_, source) => source.fail(2),
      "an error while open": (_, source) => {
        source.open();
        source.fail(0);
      },
    };
    for (const [how, end] of Object.entries(ends)) {
      const client = await connect(eventSourceTransport(MockEventSource), {
        names: ["message", "price"],
      });
      await client.setListened("late", true);
      const source = MockEventSource.last;
      await end(client, source);
      await client.end();
      await client.setListened("later", true);
      expect({ how, listeners: source.listeners, closed: source.closed }).toEqual({
        how,
        listeners: 0,
        closed: 1,
      });
    }
  });

  it("treats a stream that closed without an event as cut (Firefox)", async () => {
    const client = await connect(eventSourceTransport(MockEventSource));
    MockEventSource.last.open();
    MockEventSource.last.readyState = 2;
    vi.advanceTimersByTime(5000);
    expect(await client.end()).toMatchObject({ call: "rejected", reason: "network" });
  });

  it("a class that throws (WebKit, where the Content-Security-Policy forbids the URL)", async () => {
    const Refusing = function () {
      throw new DOMException("refused", "SecurityError");
    } as unknown as EventSourceClass;
    const client = await connect(eventSourceTransport(Refusing));
    expect(await client.end()).toMatchObject({ call: "rejected", reason: "rejected" });
  });

  it("looks the platform's class up when it connects", async () => {
    const transport = eventSourceTransport();
    expect(await (await connect(transport)).end()).toMatchObject({
      call: "rejected",
      reason: "unsupported",
    });
    vi.stubGlobal("EventSource", MockEventSource);
    const client = await connect(transport);
    MockEventSource.last.open();
    await client.opened();
    await client.abort();
    await client.end();
    vi.unstubAllGlobals();
  });
});

describe("polyfillTransport", () => {
  it("is unsupported without XMLHttpRequest", async () => {
    const transport = polyfillTransport();
    const client = new Connection(
      transport.abilities!,
      await inNode(() => transport).connect({ url: "http://127.0.0.1:1/" }),
    );
    expect(await client.end()).toMatchObject({ call: "rejected", reason: "unsupported" });
  });
});
