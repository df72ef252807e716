/**
 * Reports an exception of application code like one that a DOM listener throws: as an `error` event
 * of the window or worker and on the console, while the caller goes on. Node has no `reportError`:
 * there it becomes an uncaught exception, as in Node's own EventTarget.
 */
export function reportException(
  error: unknown,
  otherwise = (error: unknown): void => {
    queueMicrotask(() => {
      throw error;
    });
  },
): void {
  (typeof reportError === "function" ? reportError : otherwise)(error);
}

/**
 * Reports an error in what the server sent. Unlike `reportException`, it never ends a Node process:
 * remote input must not be able to.
 */
export function reportInput(error: unknown): void {
  reportException(error, console.error);
}
