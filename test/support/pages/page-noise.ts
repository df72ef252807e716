// Runs in pages, so nothing here may refer to anything outside of `makeNoise`.

/**
 * Posts random structured messages on a channel, half of them similar to those of the protocol of
 * shared connections. Members may send `hello`, `names`, `ping` and `drain` at any time, so these
 * may be right; everything else has something wrong in it.
 */
export async function makeNoise({
  channel: name,
  seed,
  count,
}: {
  channel: string;
  seed: number;
  count: number;
}): Promise<void> {
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number): number => Math.floor(random() * below);
  const pick = <T>(from: readonly T[]): T => from[int(from.length)]!;
  const list = (make: () => unknown): unknown[] => Array.from({ length: int(4) }, make);

  const text = (): string =>
    pick(["", "message", "constructor", "__proto__", "\0", "\uD800", "x".repeat(int(3000))]);
  const number = (): unknown =>
    pick([0, -0, -1, 0.5, 1, 200, NaN, Infinity, -Infinity, 2 ** 31, Date.now(), Number.MAX_VALUE]);
  const cycle = (): unknown => {
    const array: unknown[] = [];
    array.push(array, { array });
    return array;
  };
  const leaf = (): unknown =>
    pick<() => unknown>([
      text,
      number,
      () => undefined,
      () => null,
      () => random() < 0.5,
      () => 10n ** BigInt(int(30)),
      () => new Date(NaN),
      () => new Error("noise"),
      () => /noise/g,
      () => new Uint8Array(int(100)),
      // With holes.
      () => new Array(int(5)),
      cycle,
    ])();
  const value = (depth = 0): unknown => {
    if (depth > 2 || random() < 0.5) return leaf();
    const inner = (): unknown => value(depth + 1);
    return pick<() => unknown>([
      () => list(inner),
      () => new Map(list(() => [text(), inner()]) as [string, unknown][]),
      () => new Set(list(inner)),
      () => Object.fromEntries(list(() => [text(), inner()]) as [string, unknown][]),
    ])();
  };

  /** Something wrong in place of a text, a number, a list or an object. */
  const wrong = (): unknown => pick([undefined, null, 1n, true, [1], { length: 1 }, new Date(0)]);
  const maybe = (right: unknown): unknown => (random() < 0.8 ? right : value());
  const event = (): Record<string, unknown> => ({
    type: maybe("message"),
    data: maybe("noise"),
    lastEventId: maybe(text()),
    origin: maybe("https://noise.example"),
    idInherited: maybe(false),
    connection: maybe(int(9)),
  });
  const member: (() => Record<string, unknown>)[] = [
    () => ({
      kind: "hello",
      from: maybe(text()),
      lastEventId: maybe(pick(["", "1", "7"])),
      names: maybe(["message"]),
      reconnectNow: maybe(false),
    }),
    () => ({ kind: "names", names: maybe(list(text)) }),
    () => ({ kind: "ping", more: value() }),
  ];
  const leader: (() => Record<string, unknown>)[] = [
    () => ({
      kind: "state",
      lastEventId: maybe(text()),
      names: maybe(["message"]),
      state: pick([
        wrong(),
        { status: pick(["closed", "constructor", 1n, undefined]), isUnrepeatable: false },
        { status: "open", isUnrepeatable: false, headers: [["a b", "\n"]], connection: 1 },
        { status: "failed", isUnrepeatable: false, error: wrong(), retryAt: "soon" },
        { status: pick(["connecting", "open", "failed"]), isUnrepeatable: wrong() && "no" },
      ]),
      answer: maybe(undefined),
    }),
    () => ({ kind: "events", events: [...list(event), { ...event(), data: wrong() }] }),
    () => ({ kind: "lastEventId", lastEventId: wrong() }),
    () => ({ kind: "retry", ms: pick([NaN, Infinity, "1", 1n, undefined]) }),
    () => ({ kind: pick(["close", "toString", "", "STATE"]), ...(value() as object) }),
  ];
  const message = (): unknown => {
    const kind = random();
    if (kind < 0.5) return value();
    if (kind < 0.6) return pick(member)();
    return { from: "noise", term: pick([0, 1, Date.now(), 2 ** 53]), ...pick(leader)() };
  };

  const channel = new BroadcastChannel(name);
  const { port1, port2 } = new MessageChannel();
  for (let posted = 0; posted < count; posted++) {
    channel.postMessage(message());
    // The other pages have to keep up. (Hidden pages have slow timers, but fast messages.)
    if (posted % 20 === 19)
      await new Promise((resolve) => {
        port1.onmessage = resolve;
        port2.postMessage(undefined);
      });
  }
  port1.close();
  channel.close();
}
