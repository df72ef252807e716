/** The fenced code blocks of one language in a text. */
export function snippets(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(
    ([, snippet]) => snippet!,
  );
}

/** The part of a text under a heading of the second level. */
export function section(text: string, heading: string): string {
  const found = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`there is no heading "${heading}"`);
  return found;
}

/**
 * The cells of the table in a text, its head first, without the line of dashes and without the
 * marks of code and of notes.
 */
export function table(text: string): string[][] {
  const rows = text.match(/^\|.*\|$/gm) ?? [];
  return rows
    .filter((_, index) => index !== 1)
    .map((row) =>
      row
        .replace(/`|<sup>.*?<\/sup>/g, "")
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
