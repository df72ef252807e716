// @ts-check
/** How long a sentence stands before the next one may follow, in milliseconds: a screen reader must be able to finish it. */
const PAUSE = 3000;

/**
 * A line that says what is going on, and that screen readers read out. Sentences that come too fast replace each other: the latest is said.
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
     * Says something at once, because the visitor has just asked for it.
     *
     * @param {string} text
     */
    answer(text) {
      clearTimeout(later);
      show(text);
    },

    /**
     * Says something when the sentence before has had its time.
     *
     * @param {string} text
     */
    add(text) {
      clearTimeout(later);
      later = setTimeout(() => show(text), Math.max(0, last + PAUSE - Date.now()));
    },
  };
}
