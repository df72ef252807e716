// @ts-check
const pages = [
  ["./", "Demo"],
  ["answer.html", "Answer"],
  ["module.html", "Module"],
  ["script-tag.html", "Script tag"],
  ["polyfill.html", "Polyfill"],
  ["note.html", "Plain program"],
];
const cluster = ["cluster/", "Cluster"];

/**
 * Fills the common header of the pages.
 *
 * @param {HTMLElement} header
 * @param {string} [base] Where the pages are. The server of the cluster has no stream of its own for
 *   the other pages, so that its page stands alone.
 */
export function showHeader(header, base) {
  const title = document.createElement("h1");
  title.textContent = "resilient-eventsource";
  const nav = document.createElement("nav");
  nav.setAttribute("aria-label", "Pages");
  for (const [href = "", name = ""] of base ? [cluster] : pages) {
    const link = document.createElement("a");
    link.href = (base ?? "") + href;
    link.textContent = name;
    if (link.pathname === location.pathname.replace(/index\.html$/, ""))
      link.setAttribute("aria-current", "page");
    nav.append(link);
  }
  header.replaceChildren(title, nav);
}
