// @ts-check
const pages = [
  ["./", "Demo"],
  ["module.html", "Module"],
  ["script-tag.html", "Script tag"],
  ["polyfill.html", "Polyfill"],
  ["note.html", "Plain program"],
];

/**
 * Fills the common header of the pages.
 *
 * @param {HTMLElement} header
 */
export function showHeader(header) {
  const title = document.createElement("h1");
  title.textContent = "resilient-eventsource";
  const nav = document.createElement("nav");
  nav.setAttribute("aria-label", "Pages");
  for (const [href = "", name = ""] of pages) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = name;
    if (link.pathname === location.pathname.replace(/index\.html$/, ""))
      link.setAttribute("aria-current", "page");
    nav.append(link);
  }
  header.replaceChildren(title, nav);
}
