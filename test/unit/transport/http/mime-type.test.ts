import { describe, expect, test } from "vitest";
import { mimeTypeOf } from "../../../../src/transport/http/mime-type.ts";

// https://fetch.spec.whatwg.org/#concept-header-extract-mime-type, with its examples.
describe("mimeTypeOf", () => {
  const EVENT_STREAM = "text/event-stream";
  test.each([
    ["text/event-stream", EVENT_STREAM],
    ["Text/Event-Stream", EVENT_STREAM],
    [" text/event-stream ;charset=utf-8", EVENT_STREAM],
    ["text/event-stream\t; x", EVENT_STREAM],
    ["text/event-stream, text/event-stream", EVENT_STREAM],
    ["text/event-stream,text/event-stream;charset=utf-8", EVENT_STREAM],
    ["application/json, text/event-stream; charset=utf-8", EVENT_STREAM],
    ["text/event-stream, */*", EVENT_STREAM],
    ["text/event-stream, nonsense", EVENT_STREAM],
    ["text/event-stream, text/", EVENT_STREAM],
    ["text/event-stream,", EVENT_STREAM],
    [",text/event-stream", EVENT_STREAM],
    ['text/plain;x="a, text/html", text/event-stream', EVENT_STREAM],
    ['text/event-stream;x=", text/html', EVENT_STREAM],
    ['text/event-stream;x="\\", text/html"', EVENT_STREAM],
    ["text/event-stream, text/html", "text/html"],
    ["text/html;charset=gbk, text/html;x=y", "text/html"],
    ['text/html;x=", text/plain', "text/html"],
    ['text/html;", \\", text/plain', "text/html"],
    ["*/*", ""],
    ["", ""],
    ["nonsense", ""],
    ["text/event stream", ""],
    ["text/event-stream charset=utf-8", ""],
    ["text", ""],
    ["/", ""],
    ['"text/event-stream"', ""],
  ])("%s is %j", (value, expected) => {
    expect(mimeTypeOf(new Headers({ "Content-Type": value }))).toBe(expected);
  });

  test("without a Content-Type", () => {
    expect(mimeTypeOf(new Headers())).toBe("");
  });

  test("twice", () => {
    const headers = new Headers({ "Content-Type": "text/html" });
    headers.append("Content-Type", "text/event-stream");
    expect(mimeTypeOf(headers)).toBe(EVENT_STREAM);
  });
});
