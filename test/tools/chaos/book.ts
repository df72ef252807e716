import { Stalls } from "./stalls.ts";

/** One connection, as the proxy saw its client's end. */
export interface Trip {
  readonly stream: string;
  /** The member that made it: several share a stream. */
  readonly member: string;
  /**
   * For a shared connection, if the transport says so: the leader's, or that of a follower that
   * catches up.
   */
  readonly role: string;
  readonly began: number;
  ended: number | undefined;
}

/**
 * How long (ms) the news of an end may take: the client's abort and its FIN pass through two event
 * loops.
 */
export const GRACE = 3000;

/** A record of all connections. */
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

  /** The open connections, of all streams or of one. */
  live(stream?: string): Trip[] {
    return this.trips.filter(
      (trip) => trip.ended === undefined && (stream === undefined || trip.stream === stream),
    );
  }

  /** The connections of a stream, open or not. */
  of(stream: string): Trip[] {
    return this.trips.filter((trip) => trip.stream === stream);
  }

  /**
   * True if it is too long ago, at the second moment, for something that began before the first one
   * to be visible still.
   */
  isOver(then: number, now: number): boolean {
    return now - then > GRACE && now - then > GRACE + this.stalls.between(then, now);
  }

  /**
   * Connections that are still open although a later one of the same member, or of another leader,
   * began long ago.
   */
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

  /** Forgets connections that ended long ago. */
  tidy(now: number): void {
    let gone = 0;
    while (this.trips[gone]?.ended !== undefined && now - this.trips[gone]!.ended! > 60_000) gone++;
    this.trips.splice(0, gone);
  }
}
