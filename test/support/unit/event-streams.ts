import fc from "fast-check";

const lineEnd = fc.constantFrom("\n", "\r", "\r\n");

const value = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 10 }),
  fc.stringMatching(/^[0-9]{1,12}$/),
  fc.constantFrom(
    "",
    " ",
    "\0",
    "a\0b",
    "\uFEFF",
    "é,日本:1 🎉",
    "0123456789abcdef",
    "id: 1",
    ": :",
    "\uFEFFdata",
  ),
);

const line = fc
  .tuple(
    fc.constantFrom(
      ...["data", "data", "data", "event", "id", "id", "retry", "", "\uFEFFdata"],
      ...["i", "idea", "DATA", "database", "dat", " data", "nonsense"],
    ),
    fc.constantFrom(":", ": ", ":  ", "", " :"),
    value,
    lineEnd,
    fc.option(lineEnd, { freq: 2 }),
  )
  .map(
    ([field, separator, text, end, blank]) =>
      field + separator + (separator ? text : "") + end + (blank ?? ""),
  );

/** Streams that are made of lines, most of which mean something. */
export const eventStreams = fc
  .tuple(
    fc.constantFrom("", "", "\uFEFF", "\uFEFF\uFEFF", "ï»¿"),
    fc.array(fc.oneof({ weight: 9, arbitrary: line }, value), { maxLength: 60 }),
    fc.integer({ min: 1, max: 12 }),
  )
  .map(([mark, lines, times]) => mark + lines.join("").repeat(times));

/** Places to cut a text; {@link cut} takes them modulo its length. */
export const cuts = fc.array(fc.nat(), { maxLength: 40 });

/** The pieces of a text or of bytes, cut at these places. */
export function cut<T extends string | Uint8Array>(whole: T, places: readonly number[]): T[] {
  const ends = places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b);
  return [...ends, whole.length].map((end, index) => whole.slice(ends[index - 1] ?? 0, end) as T);
}
