import { burst, type Burst } from "./burst.ts";
import { contestants, type Contestant } from "./contestants.ts";
import { open } from "./frames.ts";
import { collectGarbage } from "./garbage.ts";
import { newStream, prepare, progress } from "./server.ts";

const everybody = Object.keys(contestants) as Contestant[];

/** By workload, by contestant: one burst a round. */
export type Throughput = Record<string, Record<Contestant, Burst[]>>;

/**
 * Each round has all contestants, in an order of its own, since the garbage of one slows the next.
 */
export async function throughput(
  workloads: Record<string, number>,
  rounds: number,
  names = everybody,
): Promise<Throughput> {
  const result: Throughput = {};
  for (const [workload, count] of Object.entries(workloads)) {
    await prepare(workload, count);
    await prepare(workload, count / 2);
    const bursts = (result[workload] = Object.fromEntries(
      names.map((name) => [name, []]),
    ) as unknown as Throughput[string]);
    for (let round = 1; round <= rounds; round++) {
      await progress(`${workload} events, round ${round} of ${rounds}`);
      for (const contestant of shuffled(names)) {
        await collectGarbage();
        const { url, id } = newStream();
        const stream = await open(contestant, url);
        // The first burst of a connection runs with machine code that was made for another one's
        // closures.
        await burst(stream, id, workload, count / 2);
        bursts[contestant].push(await burst(stream, id, workload, count));
        stream.close();
      }
    }
  }
  return result;
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
