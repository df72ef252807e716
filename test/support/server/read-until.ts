import { expect } from "vitest";

/** Reads an event stream until the text has come. */
export async function readUntil(
  url: string,
  until: string,
  headers: Record<string, string> = {},
): Promise<{ response: Response; text: string }> {
  const controller = new AbortController();
  const response = await fetch(url, { headers, signal: controller.signal });
  expect(response.status).toBe(200);
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(until)) break;
  }
  controller.abort();
  return { response, text };
}
