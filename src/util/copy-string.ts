/**
 * The same text in memory of its own. A part of a string keeps the whole string in memory (V8
 * copies parts of fewer than 13 characters), so a part that outlives its chunk has to be copied.
 */
export function copyString(text: string): string {
  // Concatenation copies; the slice is a part of that copy.
  return text.length < 13 ? text : ` ${text}`.slice(1);
}
