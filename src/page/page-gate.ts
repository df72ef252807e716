import { openGate, type Gate, type GateSignal, type PauseReason } from "../connection/gate.ts";
import { hasPage, leavingFor, watchPage, type PageSignal } from "./page-events.ts";

/** After `online`, connections are spread over this many milliseconds: a whole region comes back at once. */
const ONLINE_SPREAD = 1000;
/** How long (ms) a cut connection waits at least for the news that the page is being left: Chromium cuts it a moment before `pagehide`. */
const HOLD = 100;

/**
 * The gate of a page: closed while the device is offline, while the page is frozen, cached or being left, and, if wanted, when it has been hidden for
 * `pauseWhenHidden` milliseconds (0: never). It listens to the page only while it is watched. Without a page it is always open.
 */
export function pageGate(pauseWhenHidden: number): Gate {
  return hasPage() ? new PageGate(pauseWhenHidden) : openGate;
}

class PageGate implements Gate {
  blocked: PauseReason | undefined;
  private readonly _pauseWhenHidden: number;
  private _watchers: readonly ((signal: GateSignal) => void)[] = [];
  private _stop: (() => void) | undefined;
  private _offline = false;
  private _frozen = false;
  private _hidden = false;
  private _spread: ReturnType<typeof setTimeout> | undefined;
  private _hiding: ReturnType<typeof setTimeout> | undefined;

  constructor(pauseWhenHidden: number) {
    this._pauseWhenHidden = pauseWhenHidden;
  }

  get errorGracePeriod(): number {
    return Math.max(HOLD, leavingFor());
  }

  watch(listener: (signal: GateSignal) => void): () => void {
    this._watchers = [...this._watchers, listener];
    if (!this._stop) {
      this._stop = watchPage((signal) => this._react(signal));
      // Not every runtime with a window knows.
      this._offline = (navigator.onLine as boolean | undefined) === false;
      this._react("visibility");
    }
    return () => {
      this._watchers = this._watchers.filter((other) => other !== listener);
      if (this._watchers.length || !this._stop) return;
      clearTimeout(this._spread);
      clearTimeout(this._hiding);
      this._stop();
      this._stop = undefined;
    };
  }

  private _react(signal: PageSignal): void {
    switch (signal) {
      case "offline":
        clearTimeout(this._spread);
        this._offline = true;
        break;
      case "online":
        // Also when nothing was known of being offline: the network is another one now, so waits are cut short, and what lives must show it.
        clearTimeout(this._spread);
        this._offline = true;
        this._update();
        this._tell("suspect");
        this._spread = setTimeout(() => {
          this._offline = false;
          this._update();
        }, Math.random() * ONLINE_SPREAD);
        return;
      case "frozen":
        this._frozen = true;
        break;
      case "thawed":
        this._frozen = false;
        break;
      case "visibility":
        clearTimeout(this._hiding);
        this._hidden = false;
        if (document.hidden && this._pauseWhenHidden) {
          this._hiding = setTimeout(() => {
            this._hidden = true;
            this._update();
          }, this._pauseWhenHidden);
        }
        break;
      case "slept":
        this._tell("suspect");
    }
    this._update();
  }

  private _update(): void {
    const { blocked } = this;
    this.blocked = this._frozen
      ? "frozen"
      : this._hidden
        ? "hidden"
        : this._offline
          ? "offline"
          : undefined;
    if (this.blocked !== blocked) this._tell("changed");
  }

  private _tell(signal: GateSignal): void {
    for (const watcher of this._watchers) watcher(signal);
  }
}
