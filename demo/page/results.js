// @ts-check
import { setText } from "./dom.js";

/** @import { verdict } from "./verdict.js" */
/** @typedef {ReturnType<typeof verdict>} Verdict */

const signs = { good: "✓", bad: "✕", busy: "…" };

/**
 * The table of results: a row for each fault, the latest first.
 *
 * @param {HTMLTableElement} table
 */
export function createResults(table) {
  const body = /** @type {HTMLTableSectionElement} */ (table.tBodies[0]);
  /** @type {HTMLTableCellElement[]} */
  let cells = [];

  return {
    /**
     * Begins the row of a fault. Earlier rows stay as they are.
     *
     * @param {string} name
     * @param {string} label
     */
    begin(name, label) {
      body.querySelector(".empty")?.remove();
      body.querySelector(`[data-fault="${name}"]`)?.remove();
      const row = document.createElement("tr");
      row.dataset.fault = name;
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = label;
      cells = ["EventSource", "ResilientEventSource"].map((client) => {
        const cell = document.createElement("td");
        // For a screen that is too narrow for columns.
        cell.dataset.client = client;
        const sign = document.createElement("span");
        sign.setAttribute("aria-hidden", "true");
        const text = document.createElement("span");
        cell.append(sign, text);
        return cell;
      });
      row.append(head, ...cells);
      body.prepend(row);
    },

    /** @param {Verdict[]} verdicts Native's, and ours. */
    show(verdicts) {
      cells.forEach((cell, index) => {
        const { tone, text } = /** @type {Verdict} */ (verdicts[index]);
        cell.dataset.tone = tone;
        setText(/** @type {HTMLElement} */ (cell.firstElementChild), signs[tone]);
        setText(/** @type {HTMLElement} */ (cell.lastElementChild), text);
      });
    },
  };
}
