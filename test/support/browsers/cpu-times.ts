import type { Browser, Page } from "playwright-core";

/** An entry of a trace, as far as it is read. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** The CPU time of its thread, in microseconds. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/**
 * Returns the CPU time (ms) of each task of a page's main thread while `work` runs. Unlike its
 * duration, that of a task does not grow while other programs have the processor. Chromium only.
 */
export async function cpuTimesOf(
  browser: Browser,
  page: Page,
  work: () => Promise<unknown>,
): Promise<number[]> {
  await browser.startTracing(page, { categories: ["toplevel", "__metadata"] });
  await work();
  // A task is in the trace only after it has ended.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  const { traceEvents: events } = JSON.parse(String(await browser.stopTracing())) as {
    traceEvents: TraceEvent[];
  };
  const isMainThread = ({ args }: TraceEvent): boolean => args.name === "CrRendererMain";
  const threads = new Set(events.filter(isMainThread).map(({ pid, tid }) => `${pid} ${tid}`));
  return events
    .filter(({ name, pid, tid }) => name.endsWith("RunTask") && threads.has(`${pid} ${tid}`))
    .map(({ tdur = 0 }) => tdur / 1000);
}
