/**
 * How long a test waits for a condition to come true (ms). It costs nothing as long as the
 * condition does, so it leaves room for a machine that is busy with other work.
 */
export const PATIENCE = 60_000;
