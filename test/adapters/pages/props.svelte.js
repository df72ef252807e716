/**
 * Makes props reactive, as a parent's would be.
 *
 * @template T
 * @param {T} given
 * @returns {T}
 */
export function reactive(given) {
  const props = $state(given);
  return props;
}
