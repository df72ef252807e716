/** One item of a comma-separated list; commas in quoted strings do not count. */
const LIST_ITEM = /(?:"(?:\\.|[^"\\])*(?:"|$)|[^",])+/g;
const ESSENCE = /^[\t\n\r ]*([\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+)[\t\n\r ]*(?:;|$)/;

/**
 * The MIME type of a response, lower-case and without parameters; "" if there is none. A proxy may
 * add a second Content-Type, which `Headers` joins with a comma: the last valid value counts.
 *
 * @see https://fetch.spec.whatwg.org/#concept-header-extract-mime-type
 */
export function mimeTypeOf(headers: Headers): string {
  let mimeType = "";
  for (const item of headers.get("Content-Type")?.match(LIST_ITEM) ?? []) {
    const essence = ESSENCE.exec(item)?.[1];
    if (essence && essence !== "*/*") mimeType = essence.toLowerCase();
  }
  return mimeType;
}
