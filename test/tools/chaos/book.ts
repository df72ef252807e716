import { Stalls } from "./stalls.ts";

/** One connection, as the proxy saw its client's end. */
export interface Trip {
  readonly stream: string;
  /** Whose it is: several share a stream. */
  readonly member: string;
  /** Of a shared connection, where the transport says so: that of the leader, or a follower's who catches up. */
  readonly role: string;
  readonly began: number;
  ended: number | undefined;
}

/** How long (ms) the news of an end may take: the client's abort and its FIN pass through two event loops. */
export const GRACE = 3000;

/** Who is connected, and since when. */
export class Book {
  readonly trips: Trip[] = [];
  readonly stalls = new Stalls();
  /** How many requests there were. */
  requests = 0;

  open(query: URLSearchParams): Trip {
    const stream = query.get("source") ?? "";
    const trip = {
      stream,
      member: query.get("member") ?? "",
      role: query.get("role") ?? "",
      began: performance.now(),
      ended: undefined,
    };
    this.requests++;
    this.trips.push(trip);
    return trip;
  }

  /** The live connections, of everybody or of one stream. */
  live(stream?: string): Trip[] {
    return this.trips.filter(
      (trip) => trip.ended === undefined && (stream === undefined || trip.stream === stream),
    );
  }

  /** The connections of a stream, alive or not. */
  of(stream: string): Trip[] {
    return this.trips.filter((trip) => trip.stream === stream);
  }

  /** Whether it is too long ago, at the second moment, that what was begun before the first one may still be seen. */
  isOver(then: number, now: number): boolean {
    return now - then > GRACE && now - then > GRACE + this.stalls.between(then, now);
  }

  /** Connections that live on although a later one of the same member, or of another leader, has long begun. */
  overlaps(now: number): string[] {
    const found: string[] = [];
    for (const one of this.live()) {
      const later = this.trips.find(
        (other) =>
          other.stream === one.stream &&
          other.began > one.began &&
          (other.member === one.member || (other.role === "leader" && one.role === "leader")) &&
          this.isOver(other.began, now),
      );
      if (later)
        found.push(
          `a connection of ${one.member} is live after ${Math.round(now - one.began)} ms, ` +
            `although a later one began ${Math.round(now - later.began)} ms ago` +
            (later.ended === undefined ? " and is live, too" : " and has ended"),
        );
    }
    return found;
  }

  /** Forgets what ended long ago. */
  tidy(now: number): void {
    let gone = 0;
    while (this.trips[gone]?.ended !== undefined && now - this.trips[gone]!.ended! > 60_000) gone++;
    this.trips.splice(0, gone);
  }
}
