import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { resumeRequest, type Resume } from "../../../src/transport/resume.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const URL_ = "https://a.example/stream";

/** Where the id goes: `[url, header]`. */
function resumed(
  lastEventId: string,
  {
    url = URL_,
    origin = "",
    resume,
    canSendHeader = true,
  }: { url?: string; origin?: string; resume?: Resume; canSendHeader?: boolean } = {},
) {
  const request = resumeRequest({ url, lastEventId, resume, origin }, canSendHeader);
  return [request.url, request.header];
}

describe("by default", () => {
  test("the header within the page's origin, the query across origins, where a header would cost a preflight", () => {
    vi.stubGlobal("origin", "https://a.example");
    expect(resumed("7")).toEqual([URL_, "7"]);
    expect(resumed("7", { url: "https://b.example/stream" })).toEqual([
      "https://b.example/stream?lastEventId=7",
      "",
    ]);
    expect(resumed("7", { url: "https://a.example:8443/stream" })).toEqual([
      "https://a.example:8443/stream?lastEventId=7",
      "",
    ]);
    expect(resumed("7", { url: "http://a.example/stream" })).toEqual([
      "http://a.example/stream?lastEventId=7",
      "",
    ]);
  });

  test("the origin of the events decides, which a redirect may have changed", () => {
    vi.stubGlobal("origin", "https://a.example");
    expect(resumed("7", { origin: "https://a.example" })).toEqual([URL_, "7"]);
    expect(resumed("7", { origin: "https://b.example" })).toEqual([`${URL_}?lastEventId=7`, ""]);
    const resume = "header";
    expect(resumed("7", { origin: "https://b.example", resume })).toEqual([URL_, "7"]);
    // Some EventSource classes tell no origin, or the opaque one.
    expect(resumed("7", { origin: "null" })).toEqual([`${URL_}?lastEventId=7`, ""]);
  });

  test("an opaque origin is nobody's own", () => {
    vi.stubGlobal("origin", "null");
    expect(resumed("7")).toEqual([`${URL_}?lastEventId=7`, ""]);
  });

  test("without a page nothing is cross-origin", () => {
    expect(resumed("7")).toEqual([URL_, "7"]);
  });

  test("the query where the transport can send no headers", () => {
    expect(resumed("7", { canSendHeader: false })).toEqual([`${URL_}?lastEventId=7`, ""]);
  });
});

test.each([undefined, "header", { query: "id" }, () => new URL("https://wrong.example")] as const)(
  "no id, nothing to tell (%j)",
  (resume) => {
    expect(resumed("", resume && { resume })).toEqual([URL_, ""]);
  },
);

test('"header" across origins is the caller\'s wish', () => {
  vi.stubGlobal("origin", "https://b.example");
  expect(resumed("7", { resume: "header" })).toEqual([URL_, "7"]);
  expect(resumed("7", { resume: "header", canSendHeader: false })).toEqual([
    `${URL_}?lastEventId=7`,
    "",
  ]);
});

describe("{ query }", () => {
  test("takes one name or several", () => {
    expect(resumed("7", { resume: { query: "since" } })).toEqual([`${URL_}?since=7`, ""]);
    expect(resumed("7", { resume: { query: ["lastEventID", "last_event_id"] } })).toEqual([
      `${URL_}?lastEventID=7&last_event_id=7`,
      "",
    ]);
  });

  test.each([
    ["?id=1", "?id=7"],
    ["?id=1&id=2&a=b", "?a=b&id=7"],
    ["?%69d=1", "?id=7"],
    ["?id", "?id=7"],
    ["?a=1&&b=2", "?a=1&b=2&id=7"],
    ["?identity=1&ID=2", "?identity=1&ID=2&id=7"],
    ["?a=id=1", "?a=id=1&id=7"],
  ])("replaces every older copy in %s", (before, after) => {
    expect(resumed("7", { url: URL_ + before, resume: { query: "id" } })[0]).toBe(URL_ + after);
  });

  test("leaves the bytes of other parameters and the fragment alone: a signed URL stays valid", () => {
    const url = `${URL_}?sig=a+b%2fC~*()&empty=&flag#part`;
    expect(resumed("7", { url, resume: { query: "id" } })[0]).toBe(
      `${URL_}?sig=a+b%2fC~*()&empty=&flag&id=7#part`,
    );
  });

  test("resuming twice leaves one copy", () => {
    const [once] = resumed("1", { resume: { query: "id" } });
    expect(resumed("2", { url: once!, resume: { query: "id" } })[0]).toBe(`${URL_}?id=2`);
  });

  test.each([
    ["1795358500:1", "1795358500%3A1"],
    ["a b", "a%20b"],
    ["a+b&c=d#e", "a%2Bb%26c%3Dd%23e"],
    ['{"id":7}', "%7B%22id%22%3A7%7D"],
    ["日本", "%E6%97%A5%E6%9C%AC"],
    ["100%", "100%25"],
  ])("percent-encodes %s", (id, encoded) => {
    expect(resumed(id, { resume: { query: "id" } })[0]).toBe(`${URL_}?id=${encoded}`);
  });

  test("any id under any name arrives once, as it was, beside any other parameters", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 });
    fc.assert(
      fc.property(text, text, fc.array(fc.tuple(text, text)), (id, name, others) => {
        const url = new URL(URL_);
        for (const [key, value] of others) url.searchParams.append(key, value);
        const after = new URL(resumed(id, { url: url.href, resume: { query: name } })[0]!);
        expect(after.searchParams.getAll(name)).toEqual([id]);
        expect([...after.searchParams].slice(0, -1)).toEqual(
          others.filter(([key]) => key !== name),
        );
      }),
    );
  });
});

describe("a function", () => {
  test("makes the URL, from a URL object of its own and the raw id", () => {
    const resume = vi.fn((url: URL, id: string) => {
      url.pathname += `/${id}`;
      return url;
    });
    expect(resumed("7", { resume })).toEqual([`${URL_}/7`, ""]);
    expect(resume.mock.calls).toEqual([[expect.any(URL), "7"]]);
  });

  test("is asked whatever the transport can do", () => {
    expect(
      resumed("7", { resume: () => new URL("https://b.example/"), canSendHeader: false }),
    ).toEqual(["https://b.example/", ""]);
  });
});
