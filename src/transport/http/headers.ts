/** A header value must be a ByteString; as EventSource does, any text goes as its UTF-8 bytes. */
export function toByteString(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/**
 * Retry-After, which is seconds or a date, in milliseconds from `now`; undefined where it is absent or neither.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
