// @ts-check
import { facts, setText } from "../page/dom.js";

/** @import { Token } from "./readers.js" */

const terms = { posts: "POSTs", lost: "Lost words", doubled: "Doubled", says: "It says" };
const names = {
  idle: "Not asked yet",
  open: "Reading",
  waiting: "Waiting",
  done: "Done",
  failed: "Failed",
};

/** The output of one reader, with its verdict. */
export class Card {
  /** The requests that the server has counted. */
  requests = { posts: 0, gets: 0 };
  /** @type {keyof typeof names} */
  status = "idle";
  doubled = 0;
  #says = "";
  #of = 0;
  /** @type {Set<number>} */
  #seen = new Set();
  #latest = 0;
  #pending = "";
  #badge = document.createElement("p");
  #text = document.createElement("div");
  #values;
  /** @type {Text} */
  #end = new Text();

  /** @param {HTMLElement} section */
  constructor(section) {
    this.#badge.className = "badge";
    const list = document.createElement("dl");
    list.className = "facts";
    this.#values = facts(list, terms);
    this.#text.className = "text";
    this.#text.tabIndex = 0;
    this.#text.setAttribute("role", "region");
    this.#text.setAttribute("aria-label", `Answer of ${section.querySelector("h2")?.textContent}`);
    section.append(this.#badge, list, this.#text);
    this.draw();
  }

  /** How many words are missing; what is still to come is not. */
  get lost() {
    return this.status === "failed" || this.status === "done" ? this.#of - this.#seen.size : 0;
  }

  /** True if it failed before the first word. */
  get isEmpty() {
    return this.status === "failed" && this.#of === 0;
  }

  /** Starts with another question. */
  clear() {
    this.requests = { posts: 0, gets: 0 };
    this.#of = this.#latest = this.doubled = 0;
    this.#seen.clear();
    this.#pending = "";
    this.#end = new Text();
    this.#text.replaceChildren(this.#end);
    this.set("open", "");
  }

  /**
   * @param {keyof typeof names} status
   * @param {string} [says] What the reader told its program. Default: as before.
   */
  set(status, says = this.#says) {
    this.status = status;
    this.#says = says;
  }

  /** @param {Token} token */
  hear({ n, of, text }) {
    this.#of = of;
    if (this.status === "waiting") this.set("open");
    // The server begins again: the words so far are there already.
    if (n <= this.#latest) {
      this.#append();
      this.#end = new Text();
      const again = document.createElement("mark");
      again.append(this.#end);
      this.#text.append(again);
    }
    if (this.#seen.has(n)) this.doubled++;
    this.#seen.add(n);
    this.#latest = n;
    this.#pending += text;
  }

  /** Shows what is new. Called once a frame: the text grows at its end only. */
  draw() {
    this.#append();
    this.#badge.dataset.status = this.status;
    setText(this.#badge, names[this.status]);
    const { posts, gets } = this.requests;
    setText(this.#values.posts, gets ? `${posts} + ${gets} GET` : String(posts));
    setText(this.#values.lost, this.isEmpty ? "all" : String(this.lost));
    setText(this.#values.doubled, String(this.doubled));
    setText(this.#values.says, this.#says || "nothing");
    this.#values.posts.toggleAttribute("data-bad", posts > 1 && this.doubled > 0);
    this.#values.lost.toggleAttribute("data-bad", this.lost > 0 || this.isEmpty);
    this.#values.doubled.toggleAttribute("data-bad", this.doubled > 0);
  }

  #append() {
    if (!this.#pending) return;
    this.#end.appendData(this.#pending);
    this.#pending = "";
    this.#text.scrollTop = this.#text.scrollHeight;
  }
}
