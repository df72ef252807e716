import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  basicAuthorization,
  retryAfterOf,
  toByteString,
} from "../../../../src/transport/http/headers.ts";

describe("toByteString", () => {
  test.each([
    ["7", "7"],
    ["1795358500:1", "1795358500:1"],
    ["é", "\xC3\xA9"],
    ["日本", "\xE6\x97\xA5\xE6\x9C\xAC"],
    ["😀", "\xF0\x9F\x98\x80"],
    ["", ""],
  ])("%s goes as its UTF-8 bytes", (text, bytes) => {
    expect(toByteString(text)).toBe(bytes);
  });

  test("any text becomes a header value that Headers takes, and comes back from its bytes", () => {
    // The characters of an id: NUL, CR and LF never get into one; white space at its ends is HTTP's.
    const id = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\0\r\n]/g, "").trim());
    fc.assert(
      fc.property(id, (text) => {
        const value = new Headers({ "Last-Event-ID": toByteString(text) }).get("Last-Event-ID")!;
        const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0));
        expect(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)).toBe(text);
      }),
    );
  });
});

describe("retryAfterOf", () => {
  const parse = (value: string | null, date: string | null = "Mon, 23 Nov 2026 05:00:00 GMT") =>
    // Any text, also one that no real Headers would take.
    retryAfterOf({
      get: (name: string) => ({ "Retry-After": value, Date: date })[name] ?? null,
    } as Headers);

  test.each([
    ["0", 0],
    ["3", 3000],
    ["120", 120_000],
    ["Mon, 23 Nov 2026 05:00:07 GMT", 7000],
    ["Monday, 23-Nov-26 05:00:07 GMT", 7000],
    // A date that has passed.
    ["Mon, 23 Nov 2026 04:00:00 GMT", 0],
  ])("%s", (value, expected) => {
    expect(parse(value)).toBe(expected);
  });

  test.each([null, "", "nonsense"])("a date is ignored if the answer's Date is %j", (date) => {
    expect(parse("Mon, 23 Nov 2026 05:00:07 GMT", date)).toBeUndefined();
    expect(parse("7", date)).toBe(7000);
  });

  test.each([null, "", "soon", "three", "Infinity", "NaN", "0x10s", "Mon, 99 Nov 2026"])(
    "%j is as good as none",
    (value) => {
      expect(parse(value)).toBeUndefined();
    },
  );

  test.each(["-5", "1.5", "3, 3", "3, 3000", "120, 120"])(
    "%s is neither seconds nor a date, and asks for nothing",
    (value) => {
      expect(parse(value) ?? 0).toBe(0);
    },
  );

  test("any text gives undefined or a time that is not negative", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.integer().map(String),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (value) => {
          const wait = parse(value);
          expect(wait === undefined || wait >= 0).toBe(true);
        },
      ),
    );
  });
});

describe("basicAuthorization", () => {
  test.each([
    ["https://me:secret@a.example/", "me:secret"],
    ["https://me@a.example/", "me:"],
    ["https://:secret@a.example/", ":secret"],
    ["https://m%40e:a%3Ab%2f@a.example/", "m@e:a:b/"],
    ["https://é:日本@a.example/", "é:日本"],
    // Not percent-encoding.
    ["https://100%:%zz%u0041@a.example/", "100%:%zz%u0041"],
  ])("%s", (url, expected) => {
    const [scheme, value] = basicAuthorization(new URL(url)).split(" ");
    expect([scheme, Buffer.from(value!, "base64").toString()]).toEqual(["Basic", expected]);
  });
});
