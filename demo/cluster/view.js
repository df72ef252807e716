// @ts-check

/** How many lines the log keeps: the page may stay open for days. */
const LINES = 400;

/** @param {string} id */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * A card for each node. Letters name them, in the order of their streams.
 *
 * @param {string[]} urls
 */
export function showNodes(urls) {
  return urls.map((url, index) => {
    const name = String.fromCharCode("A".charCodeAt(0) + index);
    const card = document.createElement("li");
    const label = document.createElement("strong");
    label.textContent = `Node ${name}`;
    const host = document.createElement("code");
    host.textContent = new URL(url).host;
    const state = document.createElement("span");
    card.append(label, host, state);
    card.dataset["node"] = name;
    element("nodes").append(card);
    /** @type {"up" | "lost" | "killed"} */
    let condition = "up";
    let holds = false;

    function show() {
      card.dataset["state"] = holds ? "holds" : condition;
      state.textContent = holds ? "holds the stream" : condition;
    }
    show();

    return {
      name,
      url,
      /** @param {boolean} now */
      hold(now) {
        holds = now;
        // The page may have missed the event that says that it is back.
        if (now) condition = "up";
        show();
      },
      /** The page has lost it, and does not know why yet. */
      lose() {
        condition = "lost";
        show();
      },
      /** @param {boolean} now */
      setUp(now) {
        condition = now ? "up" : "killed";
        show();
      },
    };
  });
}

/** The events, newest first: ticks as numbers side by side, all others as lines between them. */
export function showLog() {
  const list = element("log");

  /**
   * @param {Record<string, string>} data
   * @param {string} text
   */
  function add(data, text) {
    const item = document.createElement("li");
    Object.assign(item.dataset, data);
    item.textContent = text;
    list.prepend(item);
    if (list.children.length > LINES) list.lastElementChild?.remove();
  }

  return {
    /**
     * @param {number} n
     * @param {string} node The node that delivered it.
     */
    tick: (n, node) => add({ type: "tick", tick: String(n), node }, String(n)),

    /**
     * @param {string} type
     * @param {string} text
     */
    note: (type, text) => add({ type }, text),
  };
}
