import { expect, it } from "vitest";
import { rows, type Bench } from "../contract.ts";
import type { Resume } from "../../../src/transport/resume.ts";

const ID = "é,日本:1";
const ENCODED = "%C3%A9%2C%E6%97%A5%E6%9C%AC%3A1";
const UTF8 = Buffer.from(ID).toString("latin1");

interface Query {
  resume: Resume;
  before: string;
  after: string;
  id?: string;
}

const queries: Record<string, Query> = {
  "the query is added": { resume: { query: "since" }, before: "", after: `since=${ENCODED}` },
  "an older copy is replaced, the other bytes stay": {
    resume: { query: "since" },
    before: "a=%7e&since=1&b=x+y&sinc%65=2&&c&d=%C3%A9%2f&since",
    after: `a=%7e&b=x+y&c&d=%C3%A9%2f&since=${ENCODED}`,
  },
  "several names": {
    resume: { query: ["last_event_id", "lastEventID"] },
    before: "lastEventID=1&topic=a",
    after: `topic=a&last_event_id=${ENCODED}&lastEventID=${ENCODED}`,
  },
  "a name and an id that need encoding": {
    resume: { query: "last id" },
    before: "",
    after: "last%20id=a%20b%26c%3Dd%23e%2Bf%25",
    id: "a b&c=d#e+f%",
  },
};

/** Encodes only what must be encoded, in capitals. */
const normalize = (query: string): string =>
  query.replace("%7e", "~").replace("%65", "e").replace("%2f", "%2F");

export function resuming(bench: Bench): void {
  it("by the header, as UTF-8 bytes", async () => {
    for (const resume of ["header", undefined] as const) {
      const { client, request } = await bench.request({ lastEventId: ID, resume });
      if (client.abilities.resume === "header") {
        expect(request.headers.get("last-event-id")).toBe(
          bench.traits.recodesHeaders ? Buffer.from(UTF8).toString("latin1") : UTF8,
        );
        expect(request.query).toBe("");
      } else {
        expect(request.headers.has("last-event-id")).toBe(false);
        expect(request.query).toBe(`lastEventId=${ENCODED}`);
      }
    }
  });

  rows(queries, async ({ resume, before, after, id = ID }) => {
    const path = bench.newPath();
    const accepted = bench.home.accept(path);
    await bench.connect({
      url: `${bench.home.origin}${path}${before && `?${before}`}`,
      lastEventId: id,
      resume,
    });
    const { request } = await accepted;
    expect(request.query).toBe(bench.traits.normalizesUrls ? normalize(after) : after);
    expect(request.headers.has("last-event-id")).toBe(false);
  });

  it("by a function", async () => {
    const { request } = await bench.request({
      lastEventId: ID,
      resume: (url, id) => {
        url.search = `?after=${encodeURIComponent(id)}`;
        return url;
      },
    });
    expect(request.query).toBe(`after=${ENCODED}`);
    expect(request.headers.has("last-event-id")).toBe(false);
  });

  it("without an id nothing is sent", async () => {
    const resumes: (Resume | undefined)[] = [
      undefined,
      "header",
      { query: "since" },
      (url) => new URL("/wrong", url),
    ];
    for (const resume of resumes) {
      const { request } = await bench.request({ resume });
      expect(request.query).toBe("");
      expect(request.headers.has("last-event-id")).toBe(false);
    }
  });

  it("an id is inherited until the stream names its own", async () => {
    const { client, connection } = await bench.open({ lastEventId: "7" });
    connection.write("data: a\n\nid: 8\ndata: b\n\ndata: c\n\n");
    await client.received("c");
    expect(
      client.events.map(({ lastEventId, idInherited }) => ({ lastEventId, idInherited })),
    ).toEqual([
      { lastEventId: "7", idInherited: true },
      { lastEventId: "8", idInherited: false },
      { lastEventId: bench.traits.forgetsIds ? "" : "8", idInherited: false },
    ]);
  });

  it("an inherited id can be reset where the transport sees it", async () => {
    const { client, connection } = await bench.open({ lastEventId: "7" });
    connection.write("id\ndata: a\n\n");
    await client.received("a");
    // For a new EventSource a reset changes nothing: its id is empty already.
    expect(client.resumePoint).toBe(client.abilities.comments ? "" : "7");
  });
}
