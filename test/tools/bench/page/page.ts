// The script of the page: runs every scenario and sends the results to the server.
import type { Contestant } from "./contestants.ts";
import { memory } from "./memory.ts";
import { done } from "./server.ts";
import { tasks } from "./tasks.ts";
import { throughput } from "./throughput.ts";

/** The command's options, as JSON in the page's URL. */
interface Settings {
  rounds: number;
  quick: boolean;
  /** The contestants; undefined for all. */
  contestants?: Contestant[];
  /** Measure smoothness, too. */
  withTasks: boolean;
  /** Measure memory, too. Only Chromium can. */
  withMemory: boolean;
  /** How many events are in a burst, by workload. */
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
