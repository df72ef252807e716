import type { FaultConnection, FaultServer } from "../server/fault-server.ts";
import type { Random } from "../random.ts";
import { EventLog } from "../server/event-log.ts";
import { resumePoint } from "./page-route.ts";

/** Places where a cut hurts, because the bytes on its two sides belong together. */
const places = [
  "within UTF-8",
  "between CR and LF",
  "within a field name",
  "within an id",
  "before the blank line",
] as const;
type Place = (typeof places)[number];

/** Long enough (ms) for the first write to arrive on its own, mostly. */
const CHUNK_PAUSE = 3;
const CR = 13;
const LF = 10;

/** Name, id and data of the last event. */
export const LAST = "last";

/** The first events of a log as the bytes of one response. */
export class FiniteLog {
  readonly bytes: Buffer;
  /** Name, id and data of every event, in order, as a listener must get them. */
  readonly expected: string[] = [];
  /** The byte after each id's event, where a resumed stream continues. */
  readonly offsets = new Map([["", 0]]);
  /** The positions of all bytes before which a cut hurts. */
  readonly hurting = new Map<Place, number[]>(places.map((place) => [place, []]));
  private length = 0;

  constructor(count: number, random: Random) {
    const log = new EventLog(random);
    const events = Array.from({ length: count - 1 }, (_, index) => log.event(index + 1));
    events.push({
      ids: [LAST],
      text: `${LAST}|${LAST}|${LAST}`,
      bytes: Buffer.from(`id: ${LAST}\nevent: ${LAST}\ndata: ${LAST}\n\n`),
    });
    for (const { ids, text, bytes } of events) {
      this.findPlaces(bytes);
      this.length += bytes.length;
      this.expected.push(text);
      for (const id of ids) this.offsets.set(id, this.length);
    }
    this.bytes = Buffer.concat(events.map(({ bytes }) => bytes));
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

/** A path that serves a log, after the id that a request names, and cuts the first connections. */
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
    private readonly log: FiniteLog,
    private readonly random: Random,
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
    connection.head({ chunked: this.random.chance(0.5) });
    // Two writes with a moment between them, so that chunks end anywhere, too.
    const middle = this.random.int(offset, end);
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

  /**
   * A place that hurts for half of the cuts, any byte for the others, at such distances that the
   * cuts are used up at the end of the log.
   */
  private nextCut(offset: number): number {
    const distance = (this.log.bytes.length - offset) / this.left;
    const anywhere = Math.min(
      // Only the last cut may come after the last event, since nobody asks again then.
      this.log.bytes.length - (this.left > 1 ? 1 : 0),
      offset + this.random.int(0, Math.floor(2 * distance)),
    );
    this.left--;
    if (this.random.chance(0.5)) return this.count("anywhere", anywhere);
    const place = this.random.pick(places);
    const position = this.log.hurting.get(place)!.find((position) => position >= anywhere);
    return position === undefined ? this.count("anywhere", anywhere) : this.count(place, position);
  }

  private cut(connection: FaultConnection): void {
    if (this.random.chance(0.5)) {
      this.count("by FIN");
      connection.cut();
    } else {
      this.count("by RST");
      // An RST may overtake earlier data. Both cases count.
      if (this.random.chance(0.5)) connection.reset();
      else setTimeout(() => connection.reset(), 10);
    }
  }

  private count(kind: string, position = 0): number {
    this.cuts.set(kind, (this.cuts.get(kind) ?? 0) + 1);
    return position;
  }
}
