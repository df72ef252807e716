import { expect, it } from "vitest";
import { rows, type Bench } from "../contract.ts";

/** An event: type, data, last event ID, and whether its own block set the id. */
interface Expected {
  type?: string;
  data: string;
  id?: string;
  ownId?: boolean;
}

interface Stream {
  chunks: (string | Uint8Array)[];
  events: Expected[];
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Cuts the bytes of a text in two at every possible place. */
function everySplit(text: string): Uint8Array[][] {
  const all = bytes(text);
  return Array.from(all, (_, at) => [all.slice(0, at), all.slice(at)]).slice(1);
}

const stream = (
  chunks: string | (string | Uint8Array)[],
  ...events: (Expected | string)[]
): Stream => ({
  chunks: typeof chunks === "string" ? [chunks] : chunks,
  events: events.map((event) => (typeof event === "string" ? { data: event } : event)),
});

const streams: Record<string, Stream> = {
  "an event without a name is a message": stream("data: hello\n\n", {
    type: "message",
    data: "hello",
  }),
  "an event with a name": stream("event: price\ndata: 42\n\n", { type: "price", data: "42" }),
  "the last of several names counts": stream("event: other\nevent: price\ndata: 42\n\n", {
    type: "price",
    data: "42",
  }),
  "an empty name means message": stream("event: price\nevent:\ndata: 42\n\n", "42"),
  "a name is forgotten with its block": stream("event: price\n\ndata: x\n\n", "x"),
  "data of several lines": stream(
    "data: one\ndata: two\ndata:\ndata: four\n\n",
    "one\ntwo\n\nfour",
  ),
  "data without a colon is an empty line": stream("data\n\ndata\ndata\n\n", "", "\n"),
  "empty data is an event": stream("data:\n\ndata: \n\n", "", ""),
  "one space after the colon belongs to the syntax": stream(
    "data:a\n\ndata: b\n\ndata:  c \n\ndata:\td\n\n",
    "a",
    "b",
    " c ",
    "\td",
  ),
  "colons in data": stream("data: a: b\n\ndata::\n\n", "a: b", ":"),
  "a block without data is no event": stream("event: price\n\nid\n\n: nothing\n\ndata: x\n\n", "x"),
  "any number of blank lines": stream("\n\n\ndata: a\n\n\n\n\ndata: b\n\n\n", "a", "b"),
  "unknown fields are ignored": stream(
    "foo: bar\ndata: x\nfoo\nDATA: y\n data: z\ndatabase: 1\ndat: 2\neventually: 3\ndata : 4\nidea: 5\n\n",
    "x",
  ),
  "a byte order mark at the start": stream("\uFEFFdata: x\n\n", "x"),
  "only one byte order mark": stream("\uFEFF\uFEFFdata: x\n\ndata: y\n\n", "y"),
  "a byte order mark further on is text": stream(
    "data: a\n\n\uFEFFdata: x\n\ndata: \uFEFFy\n\n",
    "a",
    "\uFEFFy",
  ),
  "lines that end in LF": stream("data: a\ndata: b\n\ndata: c\n\n", "a\nb", "c"),
  "lines that end in CRLF": stream("data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", "a\nb", "c"),
  "lines that end in CR": stream("data: a\rdata: b\r\rdata: c\r\r", "a\nb", "c"),
  "lines that end in all three": stream(
    "data: a\rdata: b\r\ndata: c\n\r\ndata: d\r\n\r",
    "a\nb\nc",
    "d",
  ),
  "CRLF cut in two is one line end": stream(
    ["data: a\r", "\ndata: b\r", "\n\r", "\ndata: c\r\n\r\n"],
    "a\nb",
    "c",
  ),
  comments: stream(": c\n:c\n:\ndata: a\n: data: no\ndata: b\n\n: c\n\n", "a\nb"),
  "more than ASCII": stream("event: price\ndata: é 日本 🎉\n\n", {
    type: "price",
    data: "é 日本 🎉",
  }),
  "bytes that are not UTF-8": stream(
    [Uint8Array.of(...bytes("data: a"), 0xff, 0xc3, ...bytes("b\n\n"))],
    "a\uFFFD\uFFFDb",
  ),
  "a long line": stream(`data: ${"x".repeat(300_000)}\n\n`, "x".repeat(300_000)),
  "an id stays until there is another": stream(
    "data: a\n\nid: 1\ndata: b\n\ndata: c\n\nid: 2\nid: 3\ndata: d\n\n",
    { data: "a", id: "" },
    { data: "b", id: "1", ownId: true },
    { data: "c", id: "1" },
    { data: "d", id: "3", ownId: true },
  ),
  "an empty id resets": stream(
    "id: 1\ndata: a\n\nid\ndata: b\n\nid: 2\ndata: c\n\nid:\ndata: d\n\ndata: e\n\n",
    { data: "a", id: "1", ownId: true },
    { data: "b", id: "", ownId: true },
    { data: "c", id: "2", ownId: true },
    { data: "d", id: "", ownId: true },
    { data: "e", id: "" },
  ),
  "an id is any text": stream("id: é,日本:1 {} \ndata: a\n\n", {
    data: "a",
    id: "é,日本:1 {} ",
    ownId: true,
  }),
  "an id longer than 12 characters": stream(
    "id: 0123456789abcdef\ndata: a\n\ndata: b\n\n",
    { data: "a", id: "0123456789abcdef", ownId: true },
    { data: "b", id: "0123456789abcdef" },
  ),
};

export function parsing(bench: Bench): void {
  const { traits } = bench;

  rows(streams, async ({ chunks, events }) => {
    const client = await bench.receive(chunks, { names: ["message", "price"] });
    expect(client.events.map(({ type, data }) => ({ type, data }))).toEqual(
      events.map(({ type = "message", data }) => ({ type, data })),
    );
    expect(client.events.map(({ lastEventId }) => lastEventId)).toEqual(
      events.map(({ id = "", ownId }) => (traits.forgetsIds && !ownId ? "" : id)),
    );
    for (const { origin } of client.events)
      expect(origin).toBe(traits.hidesOrigin ? null : bench.home.origin);
  });

  it("a byte order mark in pieces", async () => {
    const mark = bytes("\uFEFF");
    const client = await bench.receive([
      mark.slice(0, 1),
      mark.slice(1, 2),
      mark.slice(2),
      "data: x\ndata: y\n\n",
    ]);
    expect(client.data).toEqual([traits.keepsSplitMarks ? "y" : "x\ny"]);
  });

  it("NUL in data", async () => {
    const client = await bench.receive(["data: a\0b\n\n"]);
    expect(client.data).toEqual([traits.dropsNul ? "ab" : "a\0b"]);
  });

  it("text cut between any two bytes", async () => {
    const text = "data: é日🎉\r\n\r\n";
    const client = await bench.receive(everySplit(text).flat());
    expect(client.data).toEqual(everySplit(text).map(() => "é日🎉"));
  });

  it("an id with NUL is ignored", async () => {
    const client = await bench.receive(["id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"]);
    const afterNul = traits.forgetsIds ? "" : traits.takesNulIds ? "2\0" : "1";
    expect(client.events.map(({ lastEventId }) => lastEventId)).toEqual(
      traits.dropsNul ? ["1"] : ["1", afterNul],
    );
  });

  it("an id without data moves the resume point", async () => {
    const { client, connection } = await bench.open();
    connection.write("id: 1\ndata: a\n\nid: 2\n\n");
    await client.received("a");
    // Only our own parser reports it before the next event.
    if (client.abilities.comments) await client.until(() => client.resumePoint === "2");
    connection.write("data: b\n\n");
    await client.received("b");
    expect(client.resumePoint).toBe(
      traits.forgetsIds ? "" : traits.forgetsIdsWithoutData ? "1" : "2",
    );
    expect(client.data).toEqual(["a", "b"]);
  });

  it("the reconnection time", async () => {
    const client = await bench.receive([
      "retry: 1500\n\nretry: 7x\nretry:\nretry: -1\nretry: 1.5\nretry\ndata: a\n\nid: 1\nretry: 0\n\nretry: 20\r\n\r\n",
    ]);
    const times = client.entries.flatMap((entry) => (entry.call === "retry" ? [entry.ms] : []));
    expect(times).toEqual(client.abilities.comments ? [1500, 0, 20] : []);
    expect(client.data).toEqual(["a"]);
  });

  it("every byte counts as a heartbeat", async () => {
    const { client, connection } = await bench.open();
    const signs = () => client.entries.filter(({ call }) => call === "activity").length;
    if (client.abilities.comments) {
      for (const comment of [":\n", ": ping\n\n", ":"]) {
        const before = signs();
        connection.write(comment);
        await client.until(() => signs() > before);
      }
    } else {
      connection.write(": ping\n\ndata: a\n\n");
      await client.received("a");
      expect(signs()).toBe(0);
    }
  });
}
