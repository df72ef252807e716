import { setMaxListeners } from "node:events";
import { afterEach, beforeEach, expect, vi } from "vitest";

/** An EventTarget that knows how many listeners it has. */
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

/** The page that a test plays. */
export class FakePage {
  readonly navigation = new Counted();
  readonly window = Object.assign(new Counted(), { navigation: this.navigation });
  readonly document = Object.assign(new Counted(), {
    hidden: false,
    baseURI: "https://example.com/app/",
  });
  readonly navigator = { onLine: true };

  constructor() {
    // Node warns of leaks; here every listener is counted.
    setMaxListeners(0, this.window, this.document, this.navigation);
  }

  /** Lets events happen, one after the other, in one task. */
  fire(...types: string[]): void {
    for (const type of types) {
      if (type === "offline" || type === "online") this.navigator.onLine = type === "online";
      (onDocument.includes(type) ? this.document : this.window).dispatchEvent(new Event(type));
    }
  }

  /** A navigation begins, as the Navigation API tells it. */
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

/** Gives each test of a file a page. Called before `useWorld`, it checks when that has closed the sources that nothing listens to the page any more. */
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
