// @ts-check
/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {string} id
 * @returns {HTMLButtonElement}
 */
export function button(id) {
  return /** @type {HTMLButtonElement} */ (element(id));
}

/**
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function find(selector) {
  return /** @type {HTMLElement} */ (document.querySelector(selector));
}

/**
 * Sets a text that is set often, if it has changed.
 *
 * @param {HTMLElement} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Fills a description list and returns its values.
 *
 * @template {string} Name
 * @param {HTMLElement} list
 * @param {Record<Name, string>} terms Name → text on the page.
 * @returns {Record<Name, HTMLElement>}
 */
export function facts(list, terms) {
  const values = Object.entries(terms).map(([name, term]) => {
    const row = document.createElement("div");
    row.className = name;
    const dt = document.createElement("dt");
    dt.textContent = /** @type {string} */ (term);
    const dd = document.createElement("dd");
    dd.textContent = "–";
    row.append(dt, dd);
    list.append(row);
    return [name, dd];
  });
  return Object.fromEntries(values);
}
