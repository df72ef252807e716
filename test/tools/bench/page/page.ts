// The script of the page: runs every scenario and tells the server what came out.
import type { Contestant } from "./contestants.ts";
import { memory } from "./memory.ts";
import { done } from "./server.ts";
import { tasks } from "./tasks.ts";
import { throughput } from "./throughput.ts";

/** What the command asks for, as JSON in the page's URL. */
interface Settings {
  rounds: number;
  quick: boolean;
  /** Who takes part; undefined: everybody. */
  contestants?: Contestant[];
  /** Whether to measure how smooth, too. */
  withTasks: boolean;
  /** Whether to measure memory, too, which Chromium alone can. */
  withMemory: boolean;
  /** How many events in a burst, by workload. */
  workloads: Record<string, number>;
}

const { rounds, quick, contestants, withTasks, withMemory, workloads } = JSON.parse(
  new URLSearchParams(location.search).get("settings") ?? "",
) as Settings;

try {
  await done({
    userAgent: navigator.userAgent,
    // First, while the page is small.
    ...(withMemory && { memory: await memory(quick) }),
    throughput: await throughput(workloads, rounds, contestants),
    ...(withTasks && { tasks: await tasks(quick ? 1 : 3, quick ? 0.2 : 1) }),
  });
} catch (error) {
  await done({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}
