import type { FaultConnection, FaultServer } from "../server/fault-server.ts";
import { resumePoint } from "./page-route.ts";

/** Repeatable randomness: the same seed, the same numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Where a cut hurts: what is on its two sides belongs together. */
const places = [
  "within UTF-8",
  "between CR and LF",
  "within a field name",
  "within an id",
  "before the blank line",
] as const;
type Place = (typeof places)[number];

/** The names of a log's events. The last event of all has the last name. */
export const eventNames = ["message", "tick", "prix-é", "日本", "last"];

const words = [
  "plain",
  "é",
  "日本語",
  "🦊🌍",
  "ÿ",
  "",
  "id: 7",
  "data",
  " white  space ",
  "\u2028",
  "{}",
];
const lineEnds = ["\n", "\n", "\r\n", "\r\n", "\r"];
/** Enough (ms) for what was written before to arrive by itself, mostly. */
const CHUNK_PAUSE = 3;
const CR = 13;
const LF = 10;

/** An event log as bytes, which a server can send from any id on. */
export class EventLog {
  readonly bytes: Buffer;
  /** What a listener has to hear: name, id and data of every event, in order. */
  readonly expected: string[] = [];
  /** The byte behind each id's event, where a resumed stream goes on. */
  readonly offsets = new Map([["", 0]]);
  /** The positions of all bytes before which a cut hurts. */
  readonly hurting = new Map<Place, number[]>(places.map((place) => [place, []]));
  private readonly blocks: Buffer[] = [];
  private length = 0;

  constructor(events: number, random: () => number) {
    const pick = <Item>(items: readonly Item[]): Item =>
      items[Math.floor(random() * items.length)]!;
    const addBlock = (id: string, fields: string[]): void => {
      const lineEnd = pick(lineEnds);
      const bytes = Buffer.from([...fields, ""].map((field) => field + lineEnd).join(""));
      this.findPlaces(bytes);
      this.blocks.push(bytes);
      this.length += bytes.length;
      this.offsets.set(id, this.length);
    };
    for (let index = 1; index <= events; index++) {
      const id = `${index},${pick(["é", "日本", "a b", "🦊", "%", "+"])}`;
      const name = index === events ? "last" : pick(eventNames.slice(0, -1));
      const data = Array.from(
        { length: 1 + Math.floor(random() * 3) },
        () => `${pick(words)} ${pick(words)}`,
      );
      const head = [`id: ${id}`, ...(name === "message" ? [] : [`event: ${name}`])];
      const body = data.map((line) => `data: ${line}`);
      addBlock(id, random() < 0.5 ? [...head, ...body] : [...body, ...head.reverse()]);
      this.expected.push(`${name}|${id}|${data.join("\n")}`);
      // An id without data moves the resume point; a comment is nothing.
      if (random() < 0.1) addBlock(`${index}+`, [`id: ${index}+`]);
      if (random() < 0.1) addBlock(id, [": keep-alive é"]);
    }
    this.bytes = Buffer.concat(this.blocks);
  }

  private findPlaces(bytes: Buffer): void {
    let lineStart = 0;
    for (const [index, byte] of bytes.entries()) {
      const line = bytes.subarray(lineStart, index).toString("latin1");
      const isLineEnd = byte === CR || byte === LF;
      const isCrLf = byte === LF && bytes[index - 1] === CR;
      let place: Place | undefined;
      if (isCrLf) place = "between CR and LF";
      else if (isLineEnd && !line) place = "before the blank line";
      else if (byte >> 6 === 0b10) place = "within UTF-8";
      else if (line.startsWith("id:")) place = "within an id";
      else if (line && !line.includes(":")) place = "within a field name";
      if (place) this.hurting.get(place)!.push(this.length + index);
      if (isLineEnd) lineStart = index + 1;
    }
  }
}

/** A path that serves a log, resumed after the id that a request names, and cuts the first so many connections. */
export class CutRoute {
  readonly url: string;
  /** How many cuts there were of each kind. */
  readonly cuts = new Map<string, number>();
  private left: number;

  constructor(
    server: FaultServer,
    path: string,
    /** Where the server looks for the id. It ignores the other place. */
    resumeBy: "header" | "query",
    cuts: number,
    private readonly log: EventLog,
    private readonly random: () => number,
  ) {
    this.url = server.origin + path;
    this.left = cuts;
    server.serve(path, (request, connection) => {
      const id = resumePoint(
        resumeBy === "header" ? { ...request, query: "" } : { ...request, headers: new Map() },
      );
      const offset = log.offsets.get(id);
      if (offset === undefined) connection.head({ status: 400 }).end();
      else this.send(offset, connection);
    });
  }

  private send(offset: number, connection: FaultConnection): void {
    const isCut = this.left > 0;
    const end = isCut ? this.nextCut(offset) : this.log.bytes.length;
    connection.head({ chunked: this.random() < 0.5 });
    // In two writes and with a moment between them, so that chunks end anywhere, too.
    const middle = Math.floor(offset + this.random() * (end - offset));
    this.write(connection, offset, middle);
    setTimeout(() => {
      this.write(connection, middle, end);
      if (isCut) this.cut(connection);
    }, CHUNK_PAUSE);
  }

  private write(connection: FaultConnection, start: number, end: number): void {
    // A chunk without bytes would be the last one.
    if (end > start) connection.write(this.log.bytes.subarray(start, end));
  }

  /** A place that hurts for half of the cuts, any byte for the others; at such distances that the cuts suffice for the log. */
  private nextCut(offset: number): number {
    const distance = (this.log.bytes.length - offset) / this.left;
    const anywhere = Math.min(
      this.log.bytes.length,
      Math.floor(offset + this.random() * 2 * distance),
    );
    this.left--;
    if (this.random() < 0.5) return this.count("anywhere", anywhere);
    const place = places[Math.floor(this.random() * places.length)]!;
    const position = this.log.hurting.get(place)!.find((position) => position >= anywhere);
    return position === undefined ? this.count("anywhere", anywhere) : this.count(place, position);
  }

  private cut(connection: FaultConnection): void {
    if (this.random() < 0.5) {
      this.count("by FIN");
      connection.cut();
    } else {
      this.count("by RST");
      // An RST may overtake what was sent before it. Both cases count.
      if (this.random() < 0.5) connection.reset();
      else setTimeout(() => connection.reset(), 10);
    }
  }

  private count(kind: string, position = 0): number {
    this.cuts.set(kind, (this.cuts.get(kind) ?? 0) + 1);
    return position;
  }
}
