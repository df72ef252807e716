import { Multicast } from "../util/multicast.ts";

/**
 * The events of a page:
 *
 * - `offline`, `online`: what the device says
 * - `frozen`: it is frozen, cached, or being left; `thawed`: it is back
 * - `visibility`: it was hidden or shown
 * - `tick`: the clock was read, as happens every few seconds
 * - `suspended`: the clock was not read for so long that timers must have stood still
 */
export type PageSignal =
  "offline" | "online" | "frozen" | "thawed" | "visibility" | "tick" | "suspended";

/** How often the clock is read (ms). */
const CLOCK_CHECK = 5000;
/**
 * A gap (ms) between two readings of the clock that counts as a suspension. Hidden pages may get
 * only one timer per minute (Chromium), and visible pages get none during an `alert()`.
 */
const SUSPENSION = { visible: 60_000, hidden: 120_000 };
/** The same for a page that was hidden for longer than this (ms), and is shown again. */
const SUSPENSION_ON_RETURN = 15_000;
/**
 * How long (ms) a navigation may take from its start to `pagehide`; Firefox cuts streams at the
 * start.
 */
const NAVIGATION = 5000;

let leavingUntil = 0;

/**
 * How many more milliseconds a navigation away from the page may take; 0 if none is under way.
 */
export function remainingLeaveTime(): number {
  return Math.max(0, leavingUntil - Date.now());
}

/** Returns true if there is a page at all: not in workers, nor in Node. */
export function hasPage(): boolean {
  return (
    typeof window !== "undefined" &&
    typeof document !== "undefined" &&
    typeof window.addEventListener === "function"
  );
}

/**
 * Watches for suspension, with a monotonic clock.
 *
 * @returns Three functions: one to stop, one to start over (a freeze is not a suspension, since it
 * closes all connections), and one to call when the page was hidden or shown.
 */
function watchClock(notify: (signal: PageSignal) => void) {
  let lastLook = { at: performance.now(), hidden: document.hidden };
  let hiddenAt = performance.now();
  /** When timers ran again after a pause. */
  let timersResumedAt = -Infinity;
  const restart = (): void => {
    lastLook = { at: performance.now(), hidden: document.hidden };
  };
  const look = (): void => {
    const { at, hidden } = lastLook;
    restart();
    const limit = SUSPENSION[hidden || lastLook.hidden ? "hidden" : "visible"];
    const gap = lastLook.at - at;
    if (gap > SUSPENSION_ON_RETURN) timersResumedAt = lastLook.at;
    notify(gap > limit ? "suspended" : "tick");
  };
  const timer = setInterval(look, CLOCK_CHECK);
  return {
    restart,
    visibilityChanged: (): void => {
      const now = performance.now();
      if (document.hidden) hiddenAt = now;
      else if (
        now - hiddenAt > SUSPENSION_ON_RETURN &&
        // Timers that are due may run before the page is told that it is shown.
        (now - lastLook.at > SUSPENSION_ON_RETURN || now - timersResumedAt < CLOCK_CHECK)
      ) {
        restart();
        notify("suspended");
      }
    },
    stop: (): void => {
      clearInterval(timer);
    },
  };
}

/**
 * Calls a listener with everything that happens to the page, until the returned function is called.
 * The page has at most one DOM listener per event: the first subscriber adds it, and it is removed
 * with the last one.
 *
 * No `unload` and no `beforeunload`: such a listener keeps the page out of the back-forward cache.
 */
export function watchPage(listener: (signal: PageSignal) => void): () => void {
  return signals.subscribe(listener);
}

const signals: Multicast<[signal: PageSignal]> = /* @__PURE__ */ new Multicast(() => {
  const notify = (signal: PageSignal): void => {
    signals.notify(signal);
  };
  const clock = watchClock(notify);
  const forward = (signal: PageSignal) => (): void => {
    if (signal === "frozen" || signal === "thawed") clock.restart();
    notify(signal);
    if (signal === "visibility") clock.visibilityChanged();
  };
  /** Notes that the page may be leaving. It may also stay: some browsers do not mark downloads. */
  const noteNavigation = (event: Event): void => {
    const { hashChange, downloadRequest, destination } = event as Event & Partial<NavigateEvent>;
    if (!hashChange && !downloadRequest && !destination?.sameDocument)
      leavingUntil = Date.now() + NAVIGATION;
  };

  const { navigation } = window as { navigation?: EventTarget };
  const reactions: readonly (readonly [
    target: EventTarget,
    type: string,
    react: (event: Event) => void,
  ])[] = [
    [window, "offline", forward("offline")],
    [window, "online", forward("online")],
    [window, "pagehide", forward("frozen")],
    [window, "pageshow", forward("thawed")],
    [document, "freeze", forward("frozen")],
    [document, "resume", forward("thawed")],
    [document, "visibilitychange", forward("visibility")],
    ...(navigation ? [[navigation, "navigate", noteNavigation] as const] : []),
  ];
  for (const [target, type, react] of reactions) target.addEventListener(type, react);
  return () => {
    leavingUntil = 0;
    clock.stop();
    for (const [target, type, react] of reactions) target.removeEventListener(type, react);
  };
});
