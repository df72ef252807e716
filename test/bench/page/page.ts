// The script of the page: runs every scenario and tells the server what came out.
import { memory } from "./memory.ts";
import { done } from "./server.ts";
import { tasks } from "./tasks.ts";
import { throughput } from "./throughput.ts";

/** What the command asks for, as JSON in the page's URL. */
interface Settings {
  rounds: number;
  quick: boolean;
  /** Only how fast and how smooth: memory can be measured in Chromium alone. */
  speedOnly: boolean;
  /** How many events in a burst, by workload. */
  workloads: Record<string, number>;
}

const { rounds, quick, speedOnly, workloads } = JSON.parse(new URLSearchParams(location.search).get("settings") ?? "") as Settings;

try {
  await done({
    userAgent: navigator.userAgent,
    // First, while the page is small.
    ...(speedOnly ? {} : { memory: await memory(quick) }),
    throughput: await throughput(workloads, rounds),
    tasks: await tasks(quick ? 1 : 3, quick ? 0.2 : 1),
  });
} catch (error) {
  await done({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}
