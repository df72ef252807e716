/** The longest delay that `setTimeout` accepts, in milliseconds; a longer one fires at once. */
export const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * Resolves after `ms` milliseconds or as soon as `signal` aborts, whichever comes first. It leaves
 * neither a timer nor a listener.
 */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener("abort", wake);
    if (signal.aborted) wake();
  });
}

/** Resolves as soon as `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
