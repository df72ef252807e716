import { openGate, type Gate, type GateSignal, type PauseReason } from "./gate.ts";

/** After `online`, connections are spread over this many milliseconds: a whole region comes back at once. */
const ONLINE_SPREAD = 1000;
/**
 * How long a cut connection waits (ms) for the news that the page is being left: Chromium cuts it a moment before `pagehide`, Firefox as soon as a
 * navigation begins, which may be seconds before.
 */
const HOLD = { always: 100, navigating: 5000 };
/** How often the clock is looked at (ms), and how long between two looks the device must have slept: hidden pages get a timer a minute. */
const CLOCK_CHECK = 5000;
const SLEPT = { visible: 15_000, hidden: 120_000 };

/**
 * The gate of a page: closed while the device is offline, while the page is frozen, cached or being left, and, if wanted, when it has been hidden for
 * `pauseWhenHidden` milliseconds (0: never). It listens to the page only while it is watched. Without a page it is always open.
 *
 * No `unload` and no `beforeunload`: such a listener keeps the page out of the back-forward cache.
 */
export function pageGate(pauseWhenHidden: number): Gate {
  if (typeof window === "undefined" || typeof document === "undefined" || typeof window.addEventListener !== "function") return openGate;
  const page = window;
  const { navigation } = window as { navigation?: EventTarget };
  const watchers = new Set<(signal: GateSignal) => void>();
  let offline = false;
  let frozen = false;
  let hidden = false;
  let blocked: PauseReason | undefined;
  let spread: ReturnType<typeof setTimeout> | undefined;
  let hiding: ReturnType<typeof setTimeout> | undefined;
  let clock: ReturnType<typeof setInterval> | undefined;
  let navigatingUntil = 0;
  let lastLook = { at: 0, hidden: false };

  const tell = (signal: GateSignal): void => {
    for (const watcher of [...watchers]) watcher(signal);
  };
  const update = (): void => {
    const before = blocked;
    blocked = frozen ? "frozen" : hidden ? "hidden" : offline ? "offline" : undefined;
    if (blocked !== before) tell("changed");
  };
  const lookAtClock = (): void => {
    const look = { at: Date.now(), hidden: document.hidden };
    const slept = look.at - lastLook.at > SLEPT[look.hidden || lastLook.hidden ? "hidden" : "visible"];
    lastLook = look;
    if (slept) tell("doubtful");
  };
  const setFrozen = (value: boolean) => (): void => {
    frozen = value;
    // Frozen time is no sleep: what lives now is younger.
    lastLook.at = Date.now();
    update();
  };
  const setVisibility = (): void => {
    clearTimeout(hiding);
    hidden = false;
    if (document.hidden && pauseWhenHidden) {
      hiding = setTimeout(() => {
        hidden = true;
        update();
      }, pauseWhenHidden);
    }
    update();
    lookAtClock();
  };

  /** A download does not tell itself from a navigation everywhere, so the page may well stay. */
  const noteNavigation = (event: Event): void => {
    const { hashChange, downloadRequest, destination } = event as Event & Partial<NavigateEvent>;
    if (!hashChange && !downloadRequest && !destination?.sameDocument) navigatingUntil = Date.now() + HOLD.navigating;
  };
  const reactions: readonly (readonly [target: EventTarget, type: string, react: (event: Event) => void])[] = [
    [
      page,
      "offline",
      () => {
        clearTimeout(spread);
        offline = true;
        update();
      },
    ],
    [
      page,
      "online",
      () => {
        // Also when nothing was known of being offline: the network is another one now, so waits are cut short, and what lives must show it.
        clearTimeout(spread);
        offline = true;
        update();
        tell("doubtful");
        spread = setTimeout(() => {
          offline = false;
          update();
        }, Math.random() * ONLINE_SPREAD);
      },
    ],
    [page, "pagehide", setFrozen(true)],
    [page, "pageshow", setFrozen(false)],
    [document, "freeze", setFrozen(true)],
    [document, "resume", setFrozen(false)],
    [document, "visibilitychange", setVisibility],
    ...(navigation ? [[navigation, "navigate", noteNavigation] as const] : []),
  ];

  const start = (): void => {
    // Not every runtime with a window knows.
    offline = (navigator.onLine as boolean | undefined) === false;
    lastLook = { at: Date.now(), hidden: document.hidden };
    for (const [target, type, react] of reactions) target.addEventListener(type, react);
    clock = setInterval(lookAtClock, CLOCK_CHECK);
    setVisibility();
  };
  const stop = (): void => {
    clearTimeout(spread);
    clearTimeout(hiding);
    clearInterval(clock);
    for (const [target, type, react] of reactions) target.removeEventListener(type, react);
  };

  return {
    get blocked() {
      return blocked;
    },
    watch(listener) {
      watchers.add(listener);
      if (watchers.size === 1) start();
      return () => {
        if (watchers.delete(listener) && !watchers.size) stop();
      };
    },
    get hold() {
      return Math.max(HOLD.always, navigatingUntil - Date.now());
    },
  };
}
