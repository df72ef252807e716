import { burst } from "./burst.ts";
import type { Contestant } from "./contestants.ts";
import { open } from "./frames.ts";
import { collectGarbage } from "./garbage.ts";
import { newStream, prepare, progress } from "./server.ts";

interface Blocked {
  /** The longest main-thread task (ms); 0 if none was over 50 ms. */
  longestTask: number;
  /** The longest delay of a timer that was due. */
  longestGap: number;
  /** The duration of the burst. */
  ms: number;
}

/** By listener, by contestant: one burst a round. */
export type Tasks = Record<string, Partial<Record<Contestant, Blocked[]>>>;

const listeners = { parse: 200_000, busy: 50_000 } as const;
const contestants: Contestant[] = [
  "native",
  "bare fetch + eventsource-parser",
  "ours, fetch, on()",
];

/** How long the page cannot react while a burst arrives. */
export async function tasks(rounds: number, share: number): Promise<Tasks> {
  const result: Tasks = {};
  for (const [listener, events] of Object.entries(listeners) as ["parse" | "busy", number][]) {
    const count = events * share;
    await prepare("small", count);
    const blocked: Tasks[string] = (result[listener] = {});
    for (let round = 1; round <= rounds; round++) {
      await progress(`longest task, ${listener} listener, round ${round} of ${rounds}`);
      for (const contestant of contestants) {
        await collectGarbage();
        const { url, id } = newStream();
        const stream = await open(contestant, url, listener);
        const watch = watchTasks();
        const { ms } = await burst(stream, id, "small", count);
        const seen = await watch();
        stream.close();
        (blocked[contestant] ??= []).push({ ...seen, ms });
      }
    }
  }
  return result;
}

/** Starts to observe; returns the function that ends it and returns the result. */
function watchTasks(): () => Promise<Omit<Blocked, "ms">> {
  let longestTask = 0;
  let longestGap = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longestTask = Math.max(longestTask, duration);
  });
  observer.observe({ type: "longtask" });
  let previous = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longestGap = Math.max(longestGap, now - previous);
    previous = now;
  }, 1);
  return async () => {
    // Entries arrive in a task of their own.
    await new Promise((resolve) => setTimeout(resolve, 100));
    clearInterval(timer);
    observer.disconnect();
    return { longestTask, longestGap };
  };
}
