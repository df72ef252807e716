import { describe, expect, test } from "vitest";
import { delayBefore } from "../../../src/connection/backoff.ts";
import { isRetried } from "../../../src/connection/retry.ts";
import { ConnectionError } from "../../../src/errors.ts";
import { resolveOptions } from "../../../src/option-checks.ts";
import { ours } from "./policies.mjs";
import { startStorm, type StormOptions } from "./simulate.mjs";
import { connect, seedRandom, tick, useWorld } from "../../support/unit/world.ts";
import type { Connection } from "../../support/unit/server.ts";

useWorld();

const policy = ours({ delayBefore, isRetried, ConnectionError, resolveOptions }, "ours", {
  retryAfter: 5000,
});
const MINUTES = 600_000;

/**
 * When the only client of a simulated storm attempts to connect, in milliseconds since it lost its
 * server.
 */
function simulated(options: Partial<StormOptions>): number[] {
  const times: number[] = [];
  const storm = startStorm({
    clients: 1,
    down: 0,
    // Less than one connection in all this time.
    perSecond: 0.001,
    refusal: "closed",
    policy,
    roundTrip: [0, 0],
    horizon: MINUTES / 1000,
    ...options,
    onAttempt: () => times.push(storm.now),
  });
  storm.advance(MINUTES - 1);
  return times;
}

/** The same for a real source, with the same random draws. */
async function real(
  seed: number,
  behaviour: (connection: Connection) => unknown,
  minUptime?: number,
): Promise<number[]> {
  const { server } = connect({ minUptime });
  await tick();
  server.latest.open();
  await tick(60_000);
  seedRandom(seed);
  // The simulation drew the round trip.
  Math.random();
  server.behaviour = behaviour;
  const lost = performance.now();
  server.latest.fail();
  await tick(MINUTES - 1);
  const attempts = server.connections.slice(1).map(({ at }) => at - lost);
  // The last attempt would still have scheduled another one.
  server.behaviour = () => undefined;
  await tick(1000);
  return attempts;
}

describe.each([1, 2, 3])("a client of the simulation behaves like the loop (seed %i)", (seed) => {
  test("at a closed port", async () => {
    const attempts = await real(seed, (connection) => connection.fail());
    expect(attempts.length).toBeGreaterThan(20);
    expect(simulated({ seed })).toEqual(attempts);
  });

  test("at a 503 with Retry-After", async () => {
    const attempts = await real(seed, (connection) =>
      connection.fail("status", { status: 503, retryAfter: 5000 }),
    );
    expect(simulated({ seed, refusal: "503" })).toEqual(attempts);
  });

  test.each([5000, 1000])(
    "when it is accepted and cut after a second, with minUptime: %i",
    async (minUptime) => {
      const attempts = await real(
        seed,
        (connection) => setTimeout(() => connection.fail(), 1000) && connection.open(),
        minUptime,
      );
      expect(simulated({ seed, refusal: "cut", policy: { ...policy, minUptime } })).toEqual(
        attempts,
      );
    },
  );

  test("when it comes back", async () => {
    const start = performance.now() + 60_000;
    const attempts = await real(seed, (connection) =>
      performance.now() - start < 40_000 ? connection.fail() : connection.open(),
    );
    expect(simulated({ seed, down: 40, perSecond: 1e6 })).toEqual(attempts);
  });
});
