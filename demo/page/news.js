// @ts-check
/**
 * How long a sentence stands before the next one may follow, in milliseconds: a screen reader must
 * be able to finish it.
 */
const PAUSE = 3000;

/**
 * A line with the latest news, which screen readers read out. If sentences follow each other too
 * fast, only the latest one is shown.
 *
 * @param {HTMLElement} region A live region.
 */
export function createNews(region) {
  let last = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let later;

  /** @param {string} text */
  function show(text) {
    last = Date.now();
    if (region.textContent !== text) region.textContent = text;
  }

  return {
    /**
     * Says something at once, in answer to the visitor.
     *
     * @param {string} text
     */
    answer(text) {
      clearTimeout(later);
      show(text);
    },

    /**
     * Says something when the previous sentence has had its time.
     *
     * @param {string} text
     */
    add(text) {
      clearTimeout(later);
      later = setTimeout(() => show(text), Math.max(0, last + PAUSE - Date.now()));
    },
  };
}
