import { any, page, type WptTest } from "../define.ts";
import { deliveries, equal, resumableStream, stream, type Answer } from "../stage.ts";

/** The stream delivers these data, in this order. */
function messages(
  file: string,
  name: string,
  answer: string | Answer,
  expected: string[],
): WptTest[] {
  return any(file, (test) => {
    test(name, async (open) => {
      const next = deliveries(open(stream(answer)), "message");
      const data: string[] = [];
      while (data.length < expected.length) data.push((await next()).event.data);
      equal(data, expected, "data");
    });
  });
}

/** The stream delivers these data and ids, as "data, id", in this order. */
function ids(body: string, expected: string[]) {
  return async (open: Parameters<WptTest["run"]>[0]): Promise<void> => {
    const next = deliveries(open(stream(body)), "message");
    for (const both of expected) {
      const { data, lastEventId } = (await next()).event;
      equal(`${data}, ${lastEventId}`, both, "data and lastEventId");
    }
  };
}

const withType = (type: string, body = "data: a\n\n"): Answer => ({
  headers: { "Content-Type": type },
  body,
});

/** A comment that is too long for one read. */
const LONG = "x".repeat(2048);

/** The page's stream with the shortest reconnection time opens again first. */
async function reopenInOrder(
  open: Parameters<WptTest["run"]>[0],
  times: Record<string, string>,
): Promise<void> {
  const reopened: string[] = [];
  await Promise.all(
    Object.entries(times).map(async ([name, fields]) => {
      const next = deliveries(
        open(stream([{ body: `${fields}\n\n` }, { body: "data: again\n\n" }])),
        "message",
      );
      await next();
      reopened.push(name);
    }),
  );
  equal(reopened, Object.keys(times), "reopened");
}

/** Parsing and interpretation of an event stream. */
export const format: WptTest[] = [
  messages(
    "event-data.any.js",
    "lines and data",
    "data:a\ndata: a\n\n:\nnone:a\n\nnone:b\nData:c\n\ndata\n\ndata:end\n\n",
    ["a\na", "", "end"],
  ),
  messages(
    "format-bom.any.js",
    "one byte order mark is taken away, at the start only",
    "\uFEFFdata:1\n\n\uFEFFdata:2\n\ndata:3\n\n",
    ["1", "3"],
  ),
  messages(
    "format-bom-2.any.js",
    "a second byte order mark is part of the first line",
    "\uFEFF\uFEFFdata:1\n\ndata:2\n\ndata:3\n\n",
    ["2", "3"],
  ),
  messages(
    "format-comments.any.js",
    "comments, long ones too, between all kinds of line ends",
    `data:1\r:\0\n:\r\ndata:2\n:${LONG}\rdata:3\n:data:no\r:${LONG}\ndata:4\n\n`,
    ["1\n2\n3\n4"],
  ),
  any("format-data-before-final-empty-line.any.js", (test) => {
    test("an event without its empty line is dropped with its id", async (open) => {
      const next = deliveries(
        open(stream("retry:1000\ndata:whole\n\nid:half\ndata:half\n")),
        "message",
      );
      for (let time = 1; time <= 2; time++) {
        const { event } = await next();
        equal([event.data, event.lastEventId], ["whole", ""], `data and lastEventId, time ${time}`);
      }
    });
  }),
  messages(
    "format-field-data.any.js",
    "empty data, with and without a colon",
    "data:\n\ndata\ndata\n\ndata:end\n\n",
    ["", "\n", "end"],
  ),
  messages(
    "format-field-event-empty.any.js",
    "an empty event field means message",
    "event: \ndata:a\n\n",
    ["a"],
  ),
  any("format-field-event.any.js", (test) => {
    test("the event field is the type, of its own event only", async (open) => {
      const next = deliveries(
        open(stream("event:custom\ndata:a\n\ndata:b\n\n")),
        "custom",
        "message",
      );
      const types = [(await next()).event.type, (await next()).event.type];
      equal(types, ["custom", "message"], "types");
    });
  }),
  any("format-field-id.any.js", (test) => {
    test("the id travels in Last-Event-ID, as UTF-8", async (open) => {
      const url = resumableStream(
        { body: "id: …\nretry: 200\ndata: hello\n\n" },
        { body: "data: {last-event-id}\n\n" },
      );
      const next = deliveries(open(url), "message");
      for (const data of ["hello", "…"]) {
        const { event } = await next();
        equal([event.data, event.lastEventId], [data, "…"], "data and lastEventId");
      }
    });
  }),
  any("format-field-id-2.any.js", (test) => {
    test("the id stays for the connections after the next one", async (open) => {
      const url = resumableStream(
        { body: "id: …\nretry: 200\ndata: hello\n\n" },
        { body: "data: {last-event-id}\n\n" },
      );
      const next = deliveries(open(url), "message");
      const got: string[] = [];
      for (let time = 1; time <= 3; time++) got.push((await next()).event.data);
      equal(got, ["hello", "…", "…"], "data");
    });
  }),
  page("format-field-id-3.window.js", (test) => {
    test("an id persists", ids("id: 1\ndata: 1\n\ndata:2\n\n", ["1, 1", "2, 1"]));
    test(
      "an id changes, and persists",
      ids("id: 1\ndata: 1\n\nid: 2\ndata:2\n\ndata:3\n\n", ["1, 1", "2, 2", "3, 2"]),
    );
    test(
      "an empty id resets",
      ids("id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n", ["1, 1", "2, ", "3, "]),
    );
    test(
      "an id without a colon resets",
      ids("id: 1\ndata: 1\n\nid\ndata:2\n\ndata:3\n\n", ["1, 1", "2, ", "3, "]),
    );
  }),
  page("format-field-id-null.window.js", (test) => {
    for (const id of ["\0\0", "x\0", "\0x", "x\0x", " \0"]) {
      test(`an id with NUL is ignored: ${JSON.stringify(id)}`, async (open) => {
        const url = resumableStream(
          { body: `id: ${id}\nretry: 200\ndata: hello\n\n` },
          { body: "data: resumed\n\n" },
        );
        const next = deliveries(open(url), "message");
        for (let time = 1; time <= 2; time++) {
          const { event } = await next();
          equal(
            [event.data, event.lastEventId],
            ["hello", ""],
            `data and lastEventId, time ${time}`,
          );
        }
      });
    }
  }),
  messages(
    "format-field-parsing.any.js",
    "field names are exact, and one space after the colon is taken away",
    "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
    ["\0\n 2\n1\n3\n\n4"],
  ),
  any("format-field-retry.any.js", (test) => {
    test(
      "the retry field sets the reconnection time, in base ten",
      (open) =>
        reopenInOrder(open, {
          less: "retry:1000",
          "with a zero": "retry:02000",
          more: "retry:3500",
        }),
      { alone: true },
    );
  }),
  any("format-field-retry-bogus.any.js", (test) => {
    test(
      "a retry field with anything but digits changes nothing",
      (open) =>
        reopenInOrder(open, {
          less: "retry:1000",
          bogus: "retry:2000\nretry:500x",
          more: "retry:3500",
        }),
      { alone: true },
    );
  }),
  messages("format-field-retry-empty.any.js", "an empty retry field", "retry\ndata:a\n\n", ["a"]),
  messages(
    "format-field-unknown.any.js",
    "unknown fields",
    "data:a\n data\ndata\nnone:x\nsome text\n:a comment\ndata:b\n\n",
    ["a\n\nb"],
  ),
  messages(
    "format-leading-space.any.js",
    "only a space is taken away, and only one",
    "data:\ta\rdata: \ndata:b\n\n",
    ["\ta\n\nb"],
  ),
  messages("format-newlines.any.js", "CRLF, LF and CR", "data:a\r\ndata\ndata:b\r\n\r\n", [
    "a\n\nb",
  ]),
  messages("format-null-character.any.js", "NUL in data", "data:\0\n\n", ["\0"]),
  messages(
    "format-utf-8.any.js",
    "always UTF-8",
    withType("text/event-stream;charset=windows-1252", "data:ok…\n\n"),
    ["ok…"],
  ),
  any("format-mime-trailing-semicolon.any.js", (test) => {
    test("a semicolon after the type", async (open) => {
      const { event, readyState } = await deliveries(
        open(stream(withType("text/event-stream;"))),
        "open",
        "error",
      )();
      equal([event.type, readyState], ["open", 1], "event and readyState");
    });
  }),
  ...(["x bogus", "text/x-bogus"] as const).map((type) =>
    any(
      type === "x bogus" ? "format-mime-bogus.any.js" : "format-mime-valid-bogus.any.js",
      (test) => {
        test(`another type fails the connection: ${type}`, async (open) => {
          const { event, readyState } = await deliveries(
            open(stream(withType(type))),
            "open",
            "message",
            "error",
          )();
          equal([event.type, readyState], ["error", 2], "event and readyState");
          equal(
            [Object.hasOwn(event, "data"), event.bubbles, event.cancelable],
            [false, false, false],
            "data, bubbles, cancelable",
          );
        });
      },
    ),
  ),
].flat();
