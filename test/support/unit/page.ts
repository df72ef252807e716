import { setMaxListeners } from "node:events";
import { afterEach, beforeEach, expect, vi } from "vitest";

/** An EventTarget that counts its listeners. */
class Counted extends EventTarget {
  readonly held: [type: string, listener: unknown][] = [];

  override addEventListener(type: string, listener: EventListener): void {
    super.addEventListener(type, listener);
    this.held.push([type, listener]);
  }

  override removeEventListener(type: string, listener: EventListener): void {
    super.removeEventListener(type, listener);
    const at = this.held.findIndex((entry) => entry[0] === type && entry[1] === listener);
    if (at >= 0) this.held.splice(at, 1);
  }
}

const onDocument = ["freeze", "resume", "visibilitychange"];

/** A page that the test plays. */
export class FakePage {
  readonly navigation = new Counted();
  readonly window = Object.assign(new Counted(), { navigation: this.navigation });
  readonly document = Object.assign(new Counted(), {
    hidden: false,
    baseURI: "https://example.com/app/",
  });
  readonly navigator = { onLine: true };

  constructor() {
    // Node warns of leaks, but here every listener is counted.
    setMaxListeners(0, this.window, this.document, this.navigation);
  }

  /** Dispatches events one after the other, in one task. */
  fire(...types: string[]): void {
    for (const type of types) {
      if (type === "offline" || type === "online") this.navigator.onLine = type === "online";
      (onDocument.includes(type) ? this.document : this.window).dispatchEvent(new Event(type));
    }
  }

  /** Begins a navigation, as the Navigation API reports it. */
  navigate(
    init: {
      hashChange?: boolean;
      downloadRequest?: string | null;
      destination?: { sameDocument: boolean };
    } = {},
  ): void {
    this.navigation.dispatchEvent(
      Object.assign(new Event("navigate"), {
        hashChange: false,
        downloadRequest: null,
        destination: { sameDocument: false },
        ...init,
      }),
    );
  }

  setHidden(hidden: boolean): void {
    this.document.hidden = hidden;
    this.fire("visibilitychange");
  }

  /** How many listeners the page has. */
  get listeners(): number {
    return this.window.held.length + this.document.held.length + this.navigation.held.length;
  }
}

/**
 * Gives each test of a file a page. Call it before `useWorld`: it checks that no listener is left
 * on the page after `useWorld` has closed the sources.
 */
export function usePage(): { readonly current: FakePage } {
  let page: FakePage;
  beforeEach(() => {
    page = new FakePage();
    vi.stubGlobal("window", page.window);
    vi.stubGlobal("document", page.document);
    vi.stubGlobal("navigator", page.navigator);
  });
  afterEach(() => {
    expect(page.listeners, "listeners on window and document").toBe(0);
  });
  return {
    get current() {
      return page;
    },
  };
}
