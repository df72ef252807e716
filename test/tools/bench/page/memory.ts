import { burst } from "./burst.ts";
import type { Contestant } from "./contestants.ts";
import { open } from "./frames.ts";
import { collectGarbage } from "./garbage.ts";
import { newStream, prepare, progress } from "./server.ts";

/** By contestant, in bytes of JavaScript and Blink memory after a garbage collection. */
export interface Memory {
  /** The page's growth during 1,000,000 events. */
  events: Partial<Record<Contestant, number>>;
  /** Its growth per reconnect. */
  reconnect: Partial<Record<Contestant, number>>;
}

const all: Contestant[] = [
  "native",
  "ours, native, on()",
  "bare fetch + eventsource-parser",
  "ours, fetch, on()",
];
const ours = all.filter((contestant) => contestant.startsWith("ours"));

export async function memory(quick: boolean): Promise<Memory> {
  const result: Memory = { events: {}, reconnect: {} };
  for (const contestant of all) {
    await progress(`memory after many events: ${contestant}`);
    result.events[contestant] = await afterEvents(contestant, quick ? 1 : 5);
  }
  for (const contestant of ours) {
    await progress(`memory after many reconnects: ${contestant}`);
    result.reconnect[contestant] = await perReconnect(contestant, quick ? 50 : 200);
  }
  return result;
}

async function afterEvents(contestant: Contestant, bursts: number): Promise<number> {
  const count = 200_000;
  await prepare("ids", count);
  const { url, id } = newStream();
  const stream = await open(contestant, url);
  for (let i = 0; i < 2; i++) await burst(stream, id, "ids", count);
  const before = await used();
  for (let i = 0; i < bursts; i++) await burst(stream, id, "ids", count);
  const after = await used();
  stream.close();
  return after - before;
}

/** The server ends each connection at once. */
async function perReconnect(contestant: Contestant, count: number): Promise<number> {
  const stream = await open(contestant, newStream("&cut").url);
  const reach = async (openings: number): Promise<number> => {
    while (stream.openings() < openings) await new Promise((resolve) => setTimeout(resolve, 20));
    return used();
  };
  const before = await reach(20);
  const from = stream.openings();
  const after = await reach(from + count);
  const grown = (after - before) / (stream.openings() - from);
  stream.close();
  return grown;
}

async function used(): Promise<number> {
  await collectGarbage();
  return (await performance.measureUserAgentSpecificMemory()).bytes;
}
