import type { EventMeta } from "./lifecycle.ts";
import type { PayloadListener } from "./subscriptions.ts";
import { nextFrame } from "../util/next-frame.ts";
import { reportException } from "../util/report-exception.ts";

/** A batch of this size is delivered at once: frames and timers may be throttled for minutes. */
const LARGEST_BATCH = 2 ** 18;

/** A listener that collects payloads, made by `batched`. */
export interface BatchedListener<T> extends PayloadListener<T> {
  /** Discards the pending payloads. Later events are collected again. */
  cancel(): void;
}

/**
 * Makes a listener for `on` that collects payloads, for streams with more events than a page can
 * render one by one: `source.on("token", batched((tokens) => append(tokens.join(""))))`.
 *
 * A batch is delivered once per frame or every 100 ms, whichever comes first, or at once when
 * 262,144 payloads are pending. Pending payloads are also delivered after `close()` and after the
 * listener was removed, unless `cancel()` is called. Exceptions thrown by `listener` are reported
 * like those of any other listener.
 *
 * @param listener Called with the payloads since the previous call, in their order, and with the
 * meta of the last one.
 */
export function batched<T>(listener: (payloads: T[], meta: EventMeta) => void): BatchedListener<T> {
  let pending: T[] = [];
  let latestMeta: EventMeta;
  let cancelDelivery: (() => void) | undefined;

  const cancel = (): void => {
    pending = [];
    cancelDelivery?.();
    cancelDelivery = undefined;
  };
  const deliver = (): void => {
    const payloads = pending;
    cancel();
    try {
      listener(payloads, latestMeta);
    } catch (error) {
      reportException(error);
    }
  };
  const collect = (payload: T, meta: EventMeta): void => {
    pending.push(payload);
    latestMeta = meta;
    if (pending.length >= LARGEST_BATCH) deliver();
    else cancelDelivery ??= nextFrame(deliver);
  };
  return Object.assign(collect, { cancel });
}
