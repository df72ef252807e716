import type { Book } from "./book.ts";
import type { Host } from "./hosts.ts";
import type { Random } from "../../support/random.ts";
import { EventLog, eventNames } from "../../support/server/event-log.ts";
import type { SourceNews, SourceSpec, TransportName } from "./witness.ts";

/** A source of the chaos, and what must be true of it. */
export class Subject {
  readonly spec: SourceSpec;
  /** The number of the last event it delivered; undefined if there is none yet. */
  last: number | undefined;
  events = 0;
  /**
   * The number of its first event. In a shared stream a server may repeat earlier ones, which are
   * new to a source that joined later.
   */
  private first: number | undefined;
  private readonly earlier = new Set<number>();
  news: SourceNews | undefined;
  /** When it was closed, by the clock of this process. */
  closedAt: number | undefined;
  /** Another source has replaced it. */
  isReplaced = false;

  constructor(
    readonly host: Host,
    /** The stream that it listens to. */
    readonly stream: string,
    readonly log: EventLog,
    id: string,
    origin: string,
    transport: TransportName,
    random: Random,
    repeats: boolean,
    retries: readonly number[],
  ) {
    this.spec = {
      id,
      url: `${origin}/chaos?source=${encodeURIComponent(stream)}&member=${encodeURIComponent(id)}`,
      transport,
      names: eventNames,
      retries,
      options: {
        backoff: {
          startingDelay: random.pick([0, 100, 200]),
          maxDelay: random.pick([100, 400, 800]),
          timeMultiple: random.pick([1, 2, 3]),
          jitter: random.pick(["full", "none"]),
        },
        connectTimeout: 2000,
        heartbeatTimeout: 2000,
        minUptime: random.pick([0, 300, 3000]),
        dedupe: repeats ? 1000 : 0,
        pauseWhenHidden: random.chance(0.3) ? 400 : false,
        withCredentials: random.chance(0.5),
        ...(random.chance(0.3) && { resume: { query: "lastEventId" } }),
      },
      closesAt: random.chance(0.2) ? random.int(1, 300) : 0,
      reconnectsAt: random.chance(0.3) ? random.int(1, 50) : 0,
      reconnectsAtError: random.chance(0.3) ? random.int(1, 10) : 0,
      throwsEvery: random.chance(0.3) ? random.int(1, 20) : 0,
    };
  }

  get isShared(): boolean {
    return this.spec.transport.startsWith("shared");
  }

  /** Checks the news that were asked for at this moment; returns what is wrong with them. */
  check(news: SourceNews, book: Book, askedAt: number): string[] {
    const wrong: string[] = [];
    for (const event of news.events) {
      const number = EventLog.numberOf(event.split("|")[1] ?? "");
      // A source that joins a shared stream begins at the stream's position.
      this.first ??= this.isShared ? number : 1;
      const isEarlier =
        this.spec.options.dedupe && number < this.first && !this.earlier.has(number);
      if (isEarlier) this.earlier.add(number);
      const expected = isEarlier ? number : (this.last ?? this.first - 1) + 1;
      const text = this.log.event(expected).text;
      if (event !== text)
        wrong.push(
          `expected event ${JSON.stringify(text.slice(0, 80))}, got ${JSON.stringify(event.slice(0, 80))}`,
        );
      if (!isEarlier) this.last = number;
      this.events++;
    }
    this.news = news;
    const position = EventLog.numberOf(news.lastEventId);
    // While a server repeats events, the id is that of the repeated event.
    const isBehind = this.spec.options.dedupe ? position < this.last! : false;
    if (this.last !== undefined && position !== this.last && !isBehind)
      wrong.push(`lastEventId is ${news.lastEventId} after event ${this.last}`);
    if (news.closed) this.closedAt ??= performance.now();

    // A source without a connection by its own state must not have one. A shared stream's
    // connection may be another source's, and one that began after the question does not count.
    const trips = this.isShared ? [] : book.of(this.stream).filter(({ began }) => began < askedAt);
    const restingSince = askedAt - news.for;
    if (news.isResting && book.isOver(restingSince, askedAt)) {
      if (trips.some(({ ended }) => ended === undefined))
        wrong.push(`a live connection while ${news.status} for ${Math.round(news.for)} ms`);
      if (trips.some(({ began }) => book.isOver(restingSince, began)))
        wrong.push(`a request while ${news.status}`);
    }
    const { closedAt = Infinity } = this;
    if (trips.some(({ began }) => book.isOver(closedAt, began)))
      wrong.push("a request after close()");
    return wrong.map(
      (what) => `${this.spec.id} (${this.spec.transport}, ${this.host.name}): ${what}`,
    );
  }
}
