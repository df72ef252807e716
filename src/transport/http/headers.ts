/** A header value is a ByteString. Like EventSource, we send any text as its UTF-8 bytes. */
export function toByteString(text: string): string {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

/** The value of an `Authorization` header for the user name and password of a URL. */
export function basicAuthorization({ username, password }: URL): string {
  const bytes = `${username}:${password}`.replace(/%([\da-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return `Basic ${btoa(bytes)}`;
}

/**
 * Retry-After (seconds or a date) in milliseconds; undefined if it is absent or unreadable. A date
 * is measured against the response's own `Date` header, since this device's clock may be hours off;
 * without one it is ignored.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get("Retry-After");
  if (!value) return undefined;
  const ms = /^\d+$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - Date.parse(headers.get("Date") ?? "");
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
