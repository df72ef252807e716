import { readdirSync, readFileSync } from "node:fs";
import { dist } from "../package/dist.ts";
import { FaultServer, type FaultConnection } from "../server/fault-server.ts";
import { resumePoint } from "./page-route.ts";

/** Allows a back-forward cache to keep pages; FaultServer forbids it by default. */
const CACHEABLE = { "Cache-Control": "no-cache" };

/** Loads the library as a module, like a page without a bundler, and reports each `pageshow`. */
const PAGE = `<!doctype html><title>tab</title><script type="module">
  import * as library from "/dist/index.js";
  globalThis.library = library;
  globalThis.shows = [];
  addEventListener("pageshow", ({ persisted }) => {
    shows.push(persisted);
    void fetch("/shown");
  });
</script>`;

/**
 * A server with a log: event number 7 has the id and the data "7", and a request with that id gets
 * the events after it. Besides the stream (any path under /log) it serves the page /tab, in which
 * `library` is the built library, and the empty page /elsewhere.
 */
export class TabLog {
  /** The number of the latest event. */
  last = 0;
  /** The last id in each request; "" for none. */
  readonly asked: string[] = [];
  /** When each request came, by the monotonic clock. */
  readonly times: number[] = [];
  /** The largest number of connections at the same time. */
  peak = 0;
  /** How often a page has reported a `pageshow`. */
  shows = 0;
  /** Answers with this status as long as it is set. */
  refuses: number | undefined;
  /** Answers 503 while another connection is open. */
  refusesMore = false;
  /** The open connections, and the parameter `tab` of their requests. */
  private readonly live = new Map<FaultConnection, string>();
  private ticking: ReturnType<typeof setInterval> | undefined;

  private constructor(readonly server: FaultServer) {}

  /** @param options `cors`: pages of other origins may read the stream. */
  static async start(paths: readonly string[] = ["/log"], { cors = false } = {}): Promise<TabLog> {
    const log = new TabLog(await FaultServer.start());
    for (const path of paths)
      log.server.serve(
        path,
        (request, connection) => {
          log.asked.push(resumePoint(request));
          log.times.push(performance.now());
          const tab = new URLSearchParams(request.query).get("tab") ?? "";
          log.answer(Number(resumePoint(request) || log.last), connection, tab);
        },
        { cors },
      );
    for (const file of readdirSync(dist("")).filter((name) => name.endsWith(".js")))
      log.server.servePage(`/dist/${file}`, readFileSync(dist(file), "utf8"), {
        "Content-Type": "text/javascript; charset=utf-8",
      });
    log.server.serve("/shown", (_, connection) => {
      log.shows++;
      connection.head({ status: 204 }).end();
    });
    log.server.servePage("/tab", PAGE, CACHEABLE);
    log.server.servePage("/elsewhere", "<!doctype html><title>elsewhere</title>", CACHEABLE);
    return log;
  }

  get url(): string {
    return `${this.server.origin}/tab`;
  }

  get elsewhere(): string {
    return `${this.server.origin}/elsewhere`;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.live.size;
  }

  /** The tabs that have an open connection, once for each. */
  get liveTabs(): string[] {
    return [...this.live.values()];
  }

  /** How many requests there were. */
  get requests(): number {
    return this.asked.length;
  }

  publish(count = 1): void {
    while (count--) {
      this.last++;
      for (const connection of this.live.keys()) connection.write(event(this.last));
    }
  }

  /** Sends a text over every connection. */
  say(text: string): void {
    for (const connection of this.live.keys()) connection.write(text);
  }

  /** Publishes an event every so many milliseconds, until `stop`. */
  tick(ms: number): void {
    this.ticking = setInterval(() => this.publish(), ms);
  }

  stop(): void {
    clearInterval(this.ticking);
  }

  /** Cuts every connection. */
  cut(): void {
    for (const connection of this.live.keys()) connection.reset();
  }

  close(): void {
    this.stop();
    this.server.close();
  }

  private answer(after: number, connection: FaultConnection, tab: string): void {
    const status = this.refuses ?? (this.refusesMore && this.live.size ? 503 : 0);
    if (status) {
      connection.head({ status, headers: { "Content-Type": "text/plain" } }).end();
      return;
    }
    this.live.set(connection, tab);
    this.peak = Math.max(this.peak, this.live.size);
    void connection.closed.then(() => this.live.delete(connection));
    connection.head().write(":\n\n");
    for (let number = after + 1; number <= this.last; number++) connection.write(event(number));
  }
}

const event = (number: number): string => `id: ${number}\ndata: ${number}\n\n`;
