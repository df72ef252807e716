/** Helpers for the tests of documents. */

/** Names that the snippets of the README and the guides take from the app around them. */
export const app = `
import type { Decoder } from "resilient-eventsource";
declare global {
  const priceSchema: Decoder<{ eur: number }>;
  function draw(price: { eur: number }): void;
  function show(text: string): void;
  function getToken(): Promise<string>;
  function refreshToken(signal: AbortSignal): Promise<Response>;
  function logIn(): Promise<void>;
  const queryClient: {
    invalidateQueries(filters: { queryKey: readonly unknown[] }): Promise<void>;
  };
}
`;

/** Adds the import of the class to a snippet that leaves it out. */
export const importing = (snippet: string): string =>
  snippet.includes("import {")
    ? snippet
    : `import { ResilientEventSource } from "resilient-eventsource";\n${snippet}`;

/** The names of the members of an interface, in the order of the source text. */
export function members(source: string, name: string): string[] {
  const start = source.indexOf(`export interface ${name} {`);
  if (start < 0) throw new Error(`there is no interface ${name}`);
  return [
    ...source.slice(start, source.indexOf("\n}", start)).matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm),
  ].map(([, member]) => member!);
}
