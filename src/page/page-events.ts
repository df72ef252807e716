import { multicast } from "../util/multicast.ts";

/**
 * What happens to the page:
 *
 * - `offline`, `online`: as the device says
 * - `frozen`: it is frozen, cached, or being left; `thawed`: it is back
 * - `visibility`: it was hidden or shown
 * - `slept`: no timer ran for so long that the device must have slept
 */
export type PageSignal = "offline" | "online" | "frozen" | "thawed" | "visibility" | "slept";

/** How often the clock is looked at (ms), and how long between two looks the device must have slept: hidden pages get a timer a minute. */
const CLOCK_CHECK = 5000;
const SLEPT = { visible: 15_000, hidden: 120_000 };
/** How long (ms) a navigation may take from its beginning to `pagehide`: Firefox cuts the streams at the beginning. */
const NAVIGATION = 5000;

let leavingUntil = 0;

/** For how many more milliseconds the page may be on its way to another one; 0: it is not. */
export function leavingFor(): number {
  return Math.max(0, leavingUntil - Date.now());
}

/** Whether there is a page at all: not in workers, nor in Node. */
export function hasPage(): boolean {
  return (
    typeof window !== "undefined" &&
    typeof document !== "undefined" &&
    typeof window.addEventListener === "function"
  );
}

/**
 * Calls `listener` with what happens to the page, until the function it returned is called. However many listen, the page has one listener of each
 * event, and none when nobody does.
 *
 * No `unload` and no `beforeunload`: such a listener keeps the page out of the back-forward cache.
 */
export const { subscribe: watchPage } = multicast<[signal: PageSignal]>((notify) => {
  let lastLook = { at: Date.now(), hidden: document.hidden };
  const lookAtClock = (): void => {
    const look = { at: Date.now(), hidden: document.hidden };
    const slept =
      look.at - lastLook.at > SLEPT[look.hidden || lastLook.hidden ? "hidden" : "visible"];
    lastLook = look;
    if (slept) notify("slept");
  };
  const signal = (what: PageSignal) => (): void => {
    // Frozen time is no sleep: what lives now is younger.
    if (what === "frozen" || what === "thawed") lastLook.at = Date.now();
    notify(what);
    if (what === "visibility") lookAtClock();
  };
  /** A download does not tell itself from a navigation everywhere, so the page may well stay. */
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
    [window, "offline", signal("offline")],
    [window, "online", signal("online")],
    [window, "pagehide", signal("frozen")],
    [window, "pageshow", signal("thawed")],
    [document, "freeze", signal("frozen")],
    [document, "resume", signal("thawed")],
    [document, "visibilitychange", signal("visibility")],
    ...(navigation ? [[navigation, "navigate", noteNavigation] as const] : []),
  ];
  for (const [target, type, react] of reactions) target.addEventListener(type, react);
  const clock = setInterval(lookAtClock, CLOCK_CHECK);
  return () => {
    leavingUntil = 0;
    clearInterval(clock);
    for (const [target, type, react] of reactions) target.removeEventListener(type, react);
  };
});
