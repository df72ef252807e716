import { alwaysOpenGate, type Gate, type GateSignal } from "../connection/gate.ts";
import { Multicast } from "../util/multicast.ts";
import { hasPage, remainingLeaveTime, watchPage, type PageSignal } from "./page-events.ts";

/**
 * After `online`, reconnects are spread over this many milliseconds: a whole region comes back at
 * once.
 */
const ONLINE_SPREAD = 1000;
/**
 * The shortest grace period (ms) before an error is reported: Chromium cuts connections just before
 * `pagehide`.
 */
const GRACE_PERIOD = 100;

/**
 * Creates the gate of a page: closed while the page is frozen, cached or being left, and, if
 * wanted, after it has been hidden for `pauseWhenHidden` milliseconds (0: never). It listens to the
 * page only while somebody watches it. Without a page it is always open.
 *
 * @param stream The stream's URL. A loopback host counts as reachable while the device is offline.
 */
export function pageGate(pauseWhenHidden: number, stream: { readonly url: string }): Gate {
  return hasPage() ? new PageGate(pauseWhenHidden, stream) : alwaysOpenGate;
}

class PageGate implements Gate {
  blocked: Gate["blocked"];
  private readonly _pauseWhenHidden: number;
  private readonly _stream: { readonly url: string };
  private readonly _signals = new Multicast<[signal: GateSignal]>(() => this._start());
  private _isOffline = false;
  private _isFrozen = false;
  private _isHidden = false;
  private _onlineTimer: ReturnType<typeof setTimeout> | undefined;
  private _hiddenTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(pauseWhenHidden: number, stream: { readonly url: string }) {
    this._pauseWhenHidden = pauseWhenHidden;
    this._stream = stream;
  }

  watch(listener: (signal: GateSignal) => void): () => void {
    return this._signals.subscribe(listener);
  }

  get errorGracePeriod(): number {
    return Math.max(GRACE_PERIOD, remainingLeaveTime());
  }

  get isOffline(): boolean {
    return this._isOffline && !isLoopback(this._stream.url);
  }

  private _start(): () => void {
    const stop = watchPage((signal) => {
      this._react(signal);
    });
    // Some runtimes have a window but no `navigator.onLine`.
    this._isOffline = (navigator.onLine as boolean | undefined) === false;
    this._isFrozen = false;
    this.blocked = undefined;
    this._restartHiddenTimer();
    return () => {
      clearTimeout(this._onlineTimer);
      clearTimeout(this._hiddenTimer);
      stop();
    };
  }

  private _react(signal: PageSignal): void {
    switch (signal) {
      case "offline":
        clearTimeout(this._onlineTimer);
        this._isOffline = true;
        this._signals.notify("changed");
        break;
      case "online":
        // Also if the device was not known to be offline: it is on another network now.
        clearTimeout(this._onlineTimer);
        this._signals.notify("suspect");
        this._onlineTimer = setTimeout(() => {
          this._isOffline = false;
          this._signals.notify("changed");
          this._signals.notify("returned");
        }, Math.random() * ONLINE_SPREAD);
        break;
      case "frozen":
        this._isFrozen = true;
        this._update();
        break;
      case "thawed":
        this._isFrozen = false;
        this._update();
        break;
      case "visibility":
        this._restartHiddenTimer();
        this._update();
        if (!document.hidden) this._signals.notify("returned");
        break;
      case "suspended":
      case "tick":
        this._signals.notify(signal);
    }
  }

  private _restartHiddenTimer(): void {
    clearTimeout(this._hiddenTimer);
    this._isHidden = false;
    if (!document.hidden || !this._pauseWhenHidden) return;
    this._hiddenTimer = setTimeout(() => {
      this._isHidden = true;
      this._update();
    }, this._pauseWhenHidden);
  }

  private _update(): void {
    const { blocked } = this;
    this.blocked = this._isFrozen ? "frozen" : this._isHidden ? "hidden" : undefined;
    if (this.blocked !== blocked) this._signals.notify("changed");
  }
}

/** Hosts that are this machine: localhost, 127.0.0.0/8 and [::1], as the URL parser writes them. */
function isLoopback(url: string): boolean {
  return /^[a-z]+:\/\/([^/@]*@)?([^/:]*\.)?(localhost|127(\.\d+){3}|\[::1\])(:\d+)?\//.test(url);
}
