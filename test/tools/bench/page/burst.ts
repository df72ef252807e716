import type { Stream } from "./frame.ts";
import { cpu, go } from "./server.ts";

export interface Burst {
  /** Milliseconds from the request for the burst to its last event. */
  ms: number;
  /** Milliseconds of CPU that the page used for it; null if that is not known. */
  cpu: number | null;
}

/** Sends a burst over an open stream. @throws Error when an event is lost or changed. */
export async function burst(
  stream: Stream,
  id: number,
  workload: string,
  count: number,
): Promise<Burst> {
  const cpuBefore = await cpu();
  const arrival = stream.expect(count);
  const began = performance.now();
  const sent = go(id, workload, count);
  const characters = await arrival;
  const ms = performance.now() - began;
  const cpuAfter = await cpu();
  const expected = (await sent).characters;
  if (characters !== expected) throw new Error(`${characters} characters arrived, not ${expected}`);
  return { ms, cpu: cpuAfter === null || cpuBefore === null ? null : cpuAfter - cpuBefore };
}
