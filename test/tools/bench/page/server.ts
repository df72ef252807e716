async function ask(
  path: string,
  query: Record<string, string | number> = {},
  body?: string,
): Promise<any> {
  const parameters = new URLSearchParams(
    Object.entries(query).map(([name, value]) => [name, String(value)]),
  );
  const response = await fetch(
    `${path}?${parameters}`,
    body === undefined ? {} : { method: "POST", body },
  );
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

let streams = 0;

/** A new stream's URL, and its id on the server. */
export function newStream(query = ""): { url: string; id: number } {
  return { url: `${location.origin}/events?id=${++streams}${query}`, id: streams };
}

export const prepare = (workload: string, count: number): Promise<void> =>
  ask("/prepare", { workload, count });

/** Makes the server send a burst; returns the length of the data of its events. */
export const go = (id: number, workload: string, count: number): Promise<{ characters: number }> =>
  ask("/go", { id, workload, count });

/** Milliseconds of CPU that this page has used; null if that is not known. */
export const cpu = (): Promise<number | null> => ask("/cpu");

export const progress = (line: string): Promise<void> => ask("/progress", {}, line);

export const done = (result: unknown): Promise<void> => ask("/done", {}, JSON.stringify(result));
